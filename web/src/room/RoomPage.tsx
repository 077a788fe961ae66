import { useMemo } from "react";
import { hasCode } from "../api";
import { forgetRoom, RoomProvider, type Session } from "../collab";
import { Workbench, WorkbenchProvider } from "../editor/workbench";
import { explain, useT } from "../i18n";
import { Brand, Button, ButtonLink, ErrorState, Skeleton } from "../ui";
import { Layout, LayoutProvider } from "./layout";
import { RoomShell } from "./RoomShell";
import { useOpening } from "./useOpening";

export interface RoomPageProps {
  code: string;
  session: Session;
  onSignedOut: () => void;
}

/** `/r/{code}` for somebody who joined. */
export default function RoomPage({ code, session, onSignedOut }: RoomPageProps) {
  const t = useT();
  const { opening, again } = useOpening(code, session, onSignedOut);
  const workbench = useMemo(() => new Workbench(), []);
  const layout = useMemo(() => new Layout(), []);
  if (opening.kind === "opening") {
    return (
      <main className="flex h-dvh flex-col">
        <div className="flex h-(--h-bar) items-center border-b border-line px-3">
          <Brand />
        </div>
        <Skeleton label={t("app.loading")} rows={[30, 60, 45, 70]} rowHeight={26} className="p-4" />
      </main>
    );
  }
  if (opening.kind === "failed") return <Failed code={code} error={opening.error} again={again} />;
  return (
    <RoomProvider value={opening.room}>
      <WorkbenchProvider value={workbench}>
        <LayoutProvider value={layout}>
          <RoomShell />
        </LayoutProvider>
      </WorkbenchProvider>
    </RoomProvider>
  );
}

function Failed({ code, error, again }: { code: string; error: unknown; again: () => void }) {
  const t = useT();
  const missing = hasCode(error, "room_not_found");
  if (missing) forgetRoom(code);
  return (
    <main className="grid min-h-dvh place-items-center">
      <ErrorState
        level={1}
        title={missing ? t("connection.closedNoRoom") : t("room.openFailed")}
        actions={
          missing ? (
            <ButtonLink href="/">{t("room.goHome")}</ButtonLink>
          ) : (
            <Button onClick={again}>{t("room.tryAgain")}</Button>
          )
        }
      >
        {missing
          ? t("connection.closedNoRoomText")
          : t("room.openFailedText", { reason: explain(error) })}
      </ErrorState>
    </main>
  );
}
