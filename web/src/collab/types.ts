import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Capability, Links, Member, Room, RoomApi, Verdict } from "../api";

/** What is true about my edits right now; one place shows it, beside the room's name. */
export type SaveState =
  | { kind: "saved" }
  | { kind: "saving" }
  | { kind: "offline"; edits: number }
  | { kind: "connecting"; attempt: number; seconds: number }
  | { kind: "unsaved" }
  | { kind: "readOnly"; reason: ReadOnlyReason; edits: number }
  | { kind: "closed"; code: number; reason: ClosedReason; edits: number };

/** `observer`: my role only reads; `refused`: the server turned an edit away. */
export type ReadOnlyReason = "observer" | "store_behind" | "document_full" | "refused";

/** Why no further attempt is made: 4401, 4403, 4404, 4400, 1009. */
export type ClosedReason = "signed_out" | "forbidden" | "no_room" | "misunderstood" | "too_big";

export interface RoomState {
  /** The link code of the page. */
  code: string;
  room: Room;
  me: Member;
  /** Everybody who ever joined, by member id. */
  members: ReadonlyMap<string, Member>;
  links: Links;
  doc: Y.Doc;
  awareness: Awareness;
  api: RoomApi;
  save: SaveState;
  mayWrite: boolean;
  /** What the server lets me do in this room. */
  rights: ReadonlySet<Capability>;
  /** Round trip to the server and back, or null while not connected. */
  latencyMs: number | null;
  /** Tries to connect at once. */
  tryNow(): void;
}

export interface Usage {
  cpuSeconds: number;
  memoryBytes: number;
}

/** Something stands in line: its place from 1, and a guess of the wait, told at `since` (this clock). */
export interface Waiting {
  position: number;
  seconds: number;
  since: number;
}

/** How far a judging is told: verdicts by the number of the test. */
export interface Judged {
  of: number;
  verdicts: ReadonlyMap<number, Verdict>;
}

export type Activity = "typing" | "here" | "away";

/** Somebody present in the room, from awareness; in the order of their numbers. */
export interface Person {
  /** Key of the connection; the same member may be here twice. */
  clientId: number;
  member: Member;
  isMe: boolean;
  /** 1 to 12. */
  color: number;
  /** Over 12 people a colour comes again, drawn as a ring. */
  ring: boolean;
  fileId: string | null;
  /** Path of that file, or null when it is gone. */
  path: string | null;
  /** 1-based. */
  line: number | null;
  activity: Activity;
  /** Whole minutes without an action of their own. */
  awayMinutes: number;
  /** Member id of whom they follow. */
  following: string | null;
}

export interface Position {
  /** 1-based. */
  line: number;
  /** 1-based. */
  column?: number;
}

export interface OpenFile {
  fileId: string | null;
  path: string | null;
  language: string | null;
  /** Ids of the open tabs, in order. */
  tabs: readonly string[];
  open(fileId: string, position?: Position): void;
  /** Opens the file with this path; false when there is none. */
  openPath(path: string, position?: Position): boolean;
  close(fileId: string): void;
}
