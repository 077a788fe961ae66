import { useEffect, useRef } from "react";
import type { ChatEntry } from "../api";
import { useEntries, useRoom } from "../collab";

const KEY = "sangam.seen.";

/** Messages of others after `seen`. */
export function countUnread(entries: readonly ChatEntry[], seen: number, me: string): number {
  return entries.filter((entry) => entry.seq > seen && entry.author !== me).length;
}

function readSeen(room: string): number {
  try {
    return Number(localStorage.getItem(KEY + room)) || 0;
  } catch {
    return 0;
  }
}

function writeSeen(room: string, seq: number): void {
  try {
    localStorage.setItem(KEY + room, String(seq));
  } catch {
    // Storage may be full or forbidden: the count starts anew with the page.
  }
}

/** How many messages of others came since the chat was `visible` last. */
export function useUnreadChat(visible: boolean): number {
  const { room, me } = useRoom();
  const entries = useEntries("chat");
  const seen = useRef<number | null>(null);
  seen.current ??= readSeen(room.id);
  const newest = entries.at(-1)?.seq ?? 0;
  useEffect(() => {
    if (!visible || newest <= (seen.current ?? 0) || document.hidden) return;
    seen.current = newest;
    writeSeen(room.id, newest);
  }, [visible, newest, room.id]);
  return visible ? 0 : countUnread(entries, seen.current, me.id);
}
