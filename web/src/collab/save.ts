import type { ClosedReason, ReadOnlyReason, SaveState } from "./types";

/** Everything the shown state is decided from. */
export interface Facts {
  closed: { code: number; reason: ClosedReason } | null;
  /** The handshake is done and every edit made before it is on the server. */
  up: boolean;
  /** The device says it has a network. */
  network: boolean;
  attempt: number;
  /** Whole seconds to the next attempt, 0 while one is under way. */
  seconds: number;
  /** My edits that the server has not acknowledged. */
  edits: number;
  /** An acknowledgement is awaited for longer than people should be kept unaware of. */
  late: boolean;
  /** The server shows edits that it could not store yet. */
  serverUnsaved: boolean;
  readOnly: ReadOnlyReason | null;
}

/** The one sentence that is true; the gravest wins. */
export function saveState(facts: Facts): SaveState {
  const { edits } = facts;
  if (facts.closed) return { kind: "closed", ...facts.closed, edits };
  if (!facts.up) {
    if (edits > 0 || !facts.network) return { kind: "offline", edits };
    return { kind: "connecting", attempt: facts.attempt, seconds: facts.seconds };
  }
  if (facts.serverUnsaved) return { kind: "unsaved" };
  if (facts.readOnly) return { kind: "readOnly", reason: facts.readOnly, edits };
  return facts.late ? { kind: "saving" } : { kind: "saved" };
}

export function sameState(a: SaveState, b: SaveState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
