import type { ClosedReason } from "./types";

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const RESTARTING = 1012;
const OVERLOADED = 1013;

const FINAL: Readonly<Record<number, ClosedReason>> = {
  1009: "too_big",
  4400: "misunderstood",
  4401: "signed_out",
  4403: "forbidden",
  4404: "no_room",
};

/** Why a close code ends all attempts, or null when trying again makes sense. */
export function finalReason(code: number): ClosedReason | null {
  return FINAL[code] ?? null;
}

/**
 * Milliseconds to wait before attempt `attempt` (from 1). Full jitter, so that a room does not
 * come back as one wave; a server that says it restarts is asked again soon.
 */
export function retryDelay(attempt: number, code: number | null, random = Math.random): number {
  if (attempt === 1 && code === RESTARTING) return 100 + random() * 900;
  if (attempt === 1 && code === OVERLOADED) return 500 + random() * 2_000;
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
}
