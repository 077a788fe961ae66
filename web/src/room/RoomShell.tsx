import { useEffect } from "react";
import { type SaveState, useRoom } from "../collab";
import { useT } from "../i18n";
import { useFollowedFile } from "../people/useFollow";
import { useMarks } from "../run";
import { usePhone } from "../ui";
import { ClosedNotice } from "./ClosedNotice";
import { DesktopRoom } from "./DesktopRoom";
import { PhoneRoom } from "./PhoneRoom";
import { RefusedNotice } from "./RefusedNotice";
import { SaveLine } from "./SaveBadge";
import { TopBar } from "./TopBar";
import { useRoomKeys } from "./useRoomKeys";

/** The room's page: bar above, panels below, as the window allows. */
export function RoomShell() {
  const t = useT();
  const phone = usePhone();
  const { room, save } = useRoom();
  useFollowedFile();
  useRoomKeys();
  useMarks();
  useVisibleHeight();
  useFreshReturn();
  useEffect(() => {
    document.title = t("app.title", { room: room.name });
    return () => {
      document.title = "Sangam";
    };
  }, [room.name, t]);
  return (
    <div className="flex h-[var(--visible-height,100dvh)] flex-col overflow-hidden">
      <button
        type="button"
        onClick={() => document.querySelector<HTMLElement>(".cm-content")?.focus()}
        className="fixed top-2 left-2 z-(--z-tooltip) -translate-y-20 rounded-2 bg-text-1 px-3 py-2 text-on-ink focus:translate-y-0"
      >
        {t("app.skip")}
      </button>
      <TopBar />
      {phone && <SaveLine />}
      {save.kind === "closed" && <ClosedNotice save={save} />}
      {isRefused(save) && <RefusedNotice />}
      {phone ? <PhoneRoom /> : <DesktopRoom />}
    </div>
  );
}

/** Something I wrote is here and nowhere else, and stays so unless I do something. */
function isRefused(save: SaveState): boolean {
  return save.kind === "readOnly" && (save.reason === "refused" || save.edits > 0);
}

/** Where the keyboard of a phone covers the page instead of shrinking it, the page shrinks itself. */
function useVisibleHeight(): void {
  useEffect(() => {
    const { visualViewport } = window;
    if (!visualViewport) return;
    const fit = () => {
      const covered = window.innerHeight - visualViewport.height > 80 && visualViewport.scale === 1;
      const height = covered ? `${Math.round(visualViewport.height)}px` : "";
      document.documentElement.style.setProperty("--visible-height", height);
      if (covered) window.scrollTo(0, 0);
    };
    visualViewport.addEventListener("resize", fit);
    return () => {
      visualViewport.removeEventListener("resize", fit);
      document.documentElement.style.removeProperty("--visible-height");
    };
  }, []);
}

/** A page that comes back from the browser's cache has lost its connection and its place. */
function useFreshReturn(): void {
  useEffect(() => {
    const onShow = (event: PageTransitionEvent) => event.persisted && location.reload();
    addEventListener("pageshow", onShow);
    return () => removeEventListener("pageshow", onShow);
  }, []);
}
