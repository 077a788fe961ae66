import { Check, TriangleAlert } from "lucide-react";
import { milliseconds, useT } from "../i18n";
import { State, TextButton } from "../ui";
import { goTo } from "./enter";
import { JoinByCode } from "./JoinByCode";
import { NewRoom } from "./NewRoom";
import { PageFrame } from "./PageFrame";
import { RecentRooms } from "./RecentRooms";
import { type ServerState, useConfig } from "./useConfig";

/** `/`: create, join, come back. */
export default function StartPage({ go = goTo }: { go?: (path: string) => void }) {
  const t = useT();
  const { server, askAgain } = useConfig();
  const config = server.kind === "here" ? server.config : null;
  return (
    <PageFrame title={t("start.brand")} foot={<Foot server={server} askAgain={askAgain} />}>
      <main
        id="main"
        className="mx-auto grid w-full max-w-[1120px] grid-cols-[minmax(0,1fr)_380px] content-start gap-x-18 px-8 pt-14 pb-12 max-[1100px]:grid-cols-[minmax(0,1fr)_320px] max-[1100px]:gap-x-10 max-[1100px]:pt-8 max-[860px]:grid-cols-1 max-[860px]:gap-y-8 max-[860px]:px-4 max-[860px]:pt-6 max-[860px]:pb-8"
      >
        <NewRoom config={config} away={server.kind === "away"} go={go} />
        <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-5 max-[860px]:contents">
          <div className="max-[860px]:-order-1">
            <JoinByCode go={go} />
          </div>
          <RecentRooms />
        </div>
      </main>
    </PageFrame>
  );
}

function Foot({ server, askAgain }: { server: ServerState; askAgain: () => void }) {
  const t = useT();
  return (
    <footer className="mx-auto flex w-full max-w-[1120px] flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-8 py-4 text-12 text-text-2 phone:px-4">
      <span role="status">
        <ServerLine server={server} />
      </span>
      {server.kind === "away" && <TextButton onClick={askAgain}>{t("start.tryNow")}</TextButton>}
      <span className="flex-1" />
      {server.kind === "here" && (
        <span>{t("start.version", { version: server.config.version })}</span>
      )}
    </footer>
  );
}

function ServerLine({ server }: { server: ServerState }) {
  const t = useT();
  if (server.kind === "asking") return <State spin>{t("start.connecting")}</State>;
  if (server.kind === "away") {
    return (
      <State icon={TriangleAlert} tone="warn" pill>
        {t("start.away")}
      </State>
    );
  }
  const values = { host: window.location.host, time: milliseconds(server.milliseconds) };
  return (
    <State icon={Check} tone="ok">
      {t("start.connected", values)}
    </State>
  );
}
