import { useEffect, useState } from "react";
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
  const [seen, setSeen] = useState(() => readSeen(room.id));
  const newest = entries.at(-1)?.seq ?? 0;
  useEffect(() => {
    if (!visible || newest <= seen || document.hidden) return;
    setSeen(newest);
    writeSeen(room.id, newest);
  }, [visible, newest, seen, room.id]);
  return visible ? 0 : countUnread(entries, seen, me.id);
}
