import { createDecoder, readVarString, readVarUint } from "lib0/decoding";
import type { Entry, Verdict } from "../api";
import type { ReadOnlyReason } from "./types";

const SYNC_STATUS = 8;

/** Stateless messages of the server, as docs/api.md lists them. */
export type RoomEvent =
  | { type: "entry"; entry: Entry }
  | { type: "state"; unsaved: boolean; readOnly: ReadOnlyReason | null }
  | { type: "usage"; run: string; cpuSeconds: number; memoryBytes: number }
  | { type: "queue"; run?: string; submission?: string; position: number; seconds: number }
  | { type: "judging"; submission: string; number: number; of: number; verdict: Verdict }
  | { type: "problems" }
  | { type: "missed" }
  | { type: "pong"; id: number };

const TYPES = new Set([
  "entry",
  "state",
  "usage",
  "queue",
  "judging",
  "problems",
  "missed",
  "pong",
]);

/** Null for what this version does not know: a newer server may say more. */
export function readEvent(payload: string): RoomEvent | null {
  try {
    const event = JSON.parse(payload) as RoomEvent | null;
    return event && TYPES.has(event.type) ? event : null;
  } catch {
    return null;
  }
}

/** True for a sync status of 0: the server did not take an edit. */
export function refusesEdit(frame: ArrayBuffer): boolean {
  const decoder = createDecoder(new Uint8Array(frame));
  readVarString(decoder);
  return readVarUint(decoder) === SYNC_STATUS && readVarUint(decoder) === 0;
}
