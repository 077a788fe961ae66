import { lazy, Suspense, useState } from "react";
import { type ClosedReason, forgetSession, type SaveState, useOpenRoom, useRoom } from "../collab";
import { downloadFile } from "../files/transfer";
import { useT } from "../i18n";
import { Button, ButtonLink } from "../ui";
import { closedWords } from "./saveWords";

const DiscardDialog = lazy(() => import("./DiscardDialog"));

/** Why the room ended for me, what is safe and what to do; the text stays readable below. */
export function ClosedNotice({ save }: { save: Extract<SaveState, { kind: "closed" }> }) {
  const t = useT();
  const { files, tabs } = useOpenRoom();
  const { title, text } = closedWords(save.reason);
  return (
    <section
      role="alert"
      className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-danger-soft px-3 py-2"
    >
      <div className="min-w-60 flex-1">
        <h2 className="font-semibold text-danger">{title}</h2>
        <p>
          {text} {save.edits > 0 && t("connection.editsKept", { count: save.edits })}
        </p>
      </div>
      {tabs.active && (
        <Button onClick={() => tabs.active && downloadFile(files, tabs.active)}>
          {t("room.copyKept")}
        </Button>
      )}
      <WayOut reason={save.reason} />
    </section>
  );
}

/** What to do next, for each reason. */
function WayOut({ reason }: { reason: ClosedReason }) {
  const t = useT();
  const { code } = useRoom();
  const [asking, setAsking] = useState(false);
  if (reason === "signed_out") {
    const again = () => {
      forgetSession(code);
      location.reload();
    };
    return <Button onClick={again}>{t("connection.joinAgain")}</Button>;
  }
  if (reason === "misunderstood") {
    return <Button onClick={() => location.reload()}>{t("app.reload")}</Button>;
  }
  if (reason !== "too_big") return <ButtonLink href="/">{t("room.goHome")}</ButtonLink>;
  return (
    <>
      <Button onClick={() => setAsking(true)}>{t("connection.discard")}</Button>
      {asking && (
        <Suspense>
          <DiscardDialog onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  );
}
