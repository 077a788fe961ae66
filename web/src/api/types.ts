/** The shapes of docs/api.md. Times are Unix milliseconds, ids are opaque strings. */

import type { JudgedEntry, SubmittedEntry } from "./judging";

export type RoomKind = "pair" | "interview" | "class";
export type Role = "host" | "participant" | "observer";

export interface Room {
  id: string;
  name: string;
  kind: RoomKind;
  language: string;
  createdAt: number;
}

/** `number` counts members from 1 and picks the person's colour. */
export interface Member {
  id: string;
  name: string;
  role: Role;
  number: number;
}

/** Codes people send each other; an observer sees the observer code only. */
export interface Links {
  participant?: string;
  observer?: string;
}

export interface Language {
  id: string;
  name: string;
  version: string;
  available: boolean;
  /** Empty when it is available. */
  reason: string;
  extensions: string[];
  fileName: string;
  sample: string;
}

export interface Limits {
  maxFrameBytes: number;
  maxFileBytes: number;
  runWallSeconds: number;
  runMemoryBytes: number;
}

export interface Config {
  version: string;
  openRooms: boolean;
  execution: { available: boolean; reason: string };
  languages: Language[];
  limits: Limits;
}

/** Answer to creating or joining a room. `token` is the member's secret. */
export interface Joined {
  room: Room;
  member: Member;
  token: string;
  links: Links;
}

/** What I may do in a room. */
export type Capability =
  | "read"
  | "write"
  | "run"
  | "terminal"
  | "draw"
  | "chat"
  | "notes"
  | "desk"
  | "hidden_tests"
  | "manage"
  | "end";

export interface RoomSnapshot {
  room: Room;
  member: Member;
  members: Member[];
  links: Links;
  rights?: { capabilities: Capability[] };
}

/** What a link tells before joining. */
export interface LinkInfo {
  code: string;
  role: Role;
  room: { name: string; kind: RoomKind; language: string };
  here: { name: string; number: number }[];
}

export interface RunLimits {
  wallSeconds: number;
  cpuSeconds: number;
  memoryBytes: number;
  outputBytes: number;
}

export type RunStatus =
  | "ok"
  | "failed"
  | "compile_error"
  | "wall_limit"
  | "cpu_limit"
  | "memory_limit"
  | "output_limit"
  | "stopped"
  | "lost"
  | "internal_error";

export type RunStream = "stdout" | "stderr" | "compile" | "stdin";

/** The size of a terminal in characters. */
export interface Size {
  rows: number;
  columns: number;
}

/** Where a program or compiler said it went wrong; both from 1, column 0 is not known. */
export interface ErrorLine {
  path: string;
  line: number;
  column: number;
  message: string;
  /** The line as it was; not there in old journals. */
  text?: string;
}

export interface EntryHead {
  seq: number;
  time: number;
  /** A member id, or `system`. */
  author: string;
}

export interface ChatEntry extends EntryHead {
  channel: "chat";
  kind: "message";
  data: { text: string };
}

export interface PresenceEntry extends EntryHead {
  channel: "room";
  kind: "joined" | "left" | "role" | "admitted" | "removed";
  data: { member: Member };
}

export interface RoomChangedEntry extends EntryHead {
  channel: "room";
  kind: "settings" | "ended" | "open" | "archived" | "deleted";
  data: { room: Room };
}

export interface RunStartedEntry extends EntryHead {
  channel: "run";
  kind: "started";
  data: {
    run: string;
    fileId: string;
    path: string;
    language: string;
    version: string;
    /** Null without a terminal. */
    terminal?: Size | null;
    limits: RunLimits;
  };
}

export interface RunResizedEntry extends EntryHead {
  channel: "run";
  kind: "resized";
  data: { run: string } & Size;
}

/** The run begins again; what it printed before counts no more. */
export interface RunRestartedEntry extends EntryHead {
  channel: "run";
  kind: "restarted";
  data: { run: string; message: string };
}

export interface RunOutputEntry extends EntryHead {
  channel: "run";
  kind: "output";
  data: { run: string; stream: RunStream; text: string };
}

export interface RunFinishedEntry extends EntryHead {
  channel: "run";
  kind: "finished";
  data: {
    run: string;
    status: RunStatus;
    exitCode: number | null;
    signal: number | string | null;
    cpuSeconds: number | null;
    wallSeconds: number | null;
    memoryBytes: number | null;
    truncated: boolean;
    /** Member id of who stopped it, for `stopped`. */
    by: string | null;
    message: string | null;
    errors?: ErrorLine[];
  };
}

export type RunEntry =
  | RunStartedEntry
  | RunResizedEntry
  | RunRestartedEntry
  | RunOutputEntry
  | RunFinishedEntry
  | SubmittedEntry
  | JudgedEntry;
export type Entry = ChatEntry | PresenceEntry | RoomChangedEntry | RunEntry;
export type Channel = Entry["channel"];

export interface EntryQuery {
  channels: Channel[];
  after?: number;
  before?: number;
  limit?: number;
}

export interface RunOrder {
  fileId: string;
  language?: string;
  args?: string[];
  stdin?: string;
  terminal?: Size;
}

export interface ArchiveReport {
  created: string[];
  skipped: { path: string; reason: string }[];
}

/** Body of every HTTP error. */
export interface ErrorBody {
  error: {
    code: string;
    message: string;
    details: unknown;
    timestamp: string;
    requestId: string;
  };
}
