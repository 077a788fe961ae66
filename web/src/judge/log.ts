import type { JudgedEntry, RunEntry, SubmittedEntry } from "../api";

/** One submission as the journal tells it. */
export interface Handed {
  id: string;
  /** Member id of who handed it in. */
  member: string;
  problem: string;
  title: string;
  path: string;
  language: string;
  /** By the server's clock. */
  at: number;
  end: JudgedEntry["data"] | null;
}

function handed({ data, time }: SubmittedEntry): Handed {
  const { submission, member, problem, title, path, language } = data;
  return { id: submission, member, problem, title, path, language, at: time, end: null };
}

/** The submissions of a room, oldest first. */
export function submissionsOf(entries: readonly RunEntry[]): Handed[] {
  const byId = new Map<string, Handed>();
  for (const entry of entries) {
    if (entry.kind === "submitted") byId.set(entry.data.submission, handed(entry));
    if (entry.kind !== "judged") continue;
    const known = byId.get(entry.data.submission);
    if (known) byId.set(known.id, { ...known, end: entry.data });
  }
  return [...byId.values()];
}
