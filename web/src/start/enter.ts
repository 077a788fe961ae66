import type { Joined } from "../api";
import { rememberRoom, writeSession } from "../collab/session";
import { rememberName } from "./names";

/** Keeps what a join answered in this browser, so that the room's page opens with it. */
export function keepJoined(code: string, { room, member, token }: Joined): void {
  rememberName(member.name);
  writeSession(code, { roomId: room.id, token, memberId: member.id });
  rememberRoom({ code, name: room.name, kind: room.kind, at: Date.now() });
}

/** The address bar's way, for callers without a router of their own. */
export function goTo(path: string): void {
  window.location.assign(path);
}
