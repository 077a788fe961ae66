import type { Joined } from "../api";
import { explain, useT } from "../i18n";
import { Button, ButtonLink, ErrorState, Skeleton } from "../ui";
import { goTo } from "./enter";
import { JoinForm } from "./JoinForm";
import { PageFrame } from "./PageFrame";
import { useLink } from "./useLink";

export interface JoinProps {
  code: string;
  /** The session is kept already; the room can open. */
  onJoined: (joined: Joined) => void;
  go?: (path: string) => void;
}

/** `/r/{code}` for somebody who has no session for it. */
export function Join({ code, onJoined, go = goTo }: JoinProps) {
  const t = useT();
  return (
    <PageFrame title={t("join.title")}>
      <main id="main" className="grid place-items-center px-4 pt-6 pb-[12dvh] phone:content-start">
        <div className="w-full max-w-[448px] rounded-3 border border-line bg-surface-1 p-8 phone:border-0 phone:bg-transparent phone:p-0">
          <JoinBody code={code} onJoined={onJoined} go={go} />
        </div>
      </main>
    </PageFrame>
  );
}

function JoinBody({ code, onJoined, go }: Required<JoinProps>) {
  const t = useT();
  const { state, askAgain } = useLink(code);
  switch (state.kind) {
    case "asking":
      return <Skeleton label={t("join.loading")} rows={[30, 80, 55, 100, 40]} rowHeight={32} />;
    case "found":
      return <JoinForm link={state.link} onJoined={onJoined} />;
    case "unknown":
      return (
        <ErrorState level={1} title={t("join.unknownTitle")} actions={<HomeLink go={go} />}>
          {t("join.unknownText", { code })}
        </ErrorState>
      );
    case "failed":
      return (
        <ErrorState
          level={1}
          title={t("join.awayTitle")}
          actions={<Button onClick={askAgain}>{t("join.tryAgain")}</Button>}
        >
          {t("join.awayText", { reason: explain(state.error) })}
        </ErrorState>
      );
  }
}

function HomeLink({ go }: { go: (path: string) => void }) {
  const t = useT();
  return (
    <ButtonLink
      href="/"
      onClick={(event) => {
        event.preventDefault();
        go("/");
      }}
    >
      {t("join.home")}
    </ButtonLink>
  );
}
