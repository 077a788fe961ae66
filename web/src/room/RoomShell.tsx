import { useEffect } from "react";
import { useRoom } from "../collab";
import { useT } from "../i18n";
import { useFollowedFile } from "../people/useFollow";
import { usePhone } from "../ui";
import { ClosedNotice } from "./ClosedNotice";
import { DesktopRoom } from "./DesktopRoom";
import { PhoneRoom } from "./PhoneRoom";
import { TopBar } from "./TopBar";
import { useRoomKeys } from "./useRoomKeys";

/** The room's page: bar above, panels below, as the window allows. */
export function RoomShell() {
  const t = useT();
  const phone = usePhone();
  const { room, save } = useRoom();
  useFollowedFile();
  useRoomKeys();
  useEffect(() => {
    document.title = t("app.title", { room: room.name });
  }, [room.name, t]);
  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <button
        type="button"
        onClick={() => document.querySelector<HTMLElement>(".cm-content")?.focus()}
        className="fixed top-2 left-2 z-(--z-tooltip) -translate-y-20 rounded-2 bg-text-1 px-3 py-2 text-on-ink focus:translate-y-0"
      >
        {t("app.skip")}
      </button>
      <TopBar />
      {save.kind === "closed" && <ClosedNotice save={save} />}
      {phone ? <PhoneRoom /> : <DesktopRoom />}
    </div>
  );
}
