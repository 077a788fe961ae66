import type { RunEntry, RunFinishedEntry, RunLimits } from "../api";
import { OutputBuffer } from "./output";

/** One execution as the journal tells it. */
export interface Run {
  id: string;
  /** Member id of who ran it; null when the beginning was not loaded. */
  author: string | null;
  path: string | null;
  language: string | null;
  version: string | null;
  /** By the server's clock. */
  startedAt: number;
  limits: RunLimits | null;
  finished: RunFinishedEntry["data"] | null;
  output: OutputBuffer;
}

const KINDS: ReadonlySet<string> = new Set(["started", "output", "finished"]);

function unknownRun(id: string, time: number): Run {
  return {
    id,
    author: null,
    path: null,
    language: null,
    version: null,
    startedAt: time,
    limits: null,
    finished: null,
    output: new OutputBuffer(),
  };
}

/** The runs of a room, oldest first, read from its growing list of entries. */
export class RunLog {
  /** A new array, with new objects for the runs that changed, after each change. */
  runs: readonly Run[] = [];
  private byId = new Map<string, Run>();
  private taken = 0;
  private last: RunEntry | undefined;
  /** How far this clock is ahead of the server's, at most. */
  private ahead = Number.POSITIVE_INFINITY;

  /** Reads what is new; from the beginning when older entries came in between. */
  take(entries: readonly RunEntry[], now: number): readonly Run[] {
    if (this.taken > 0 && entries[this.taken - 1] !== this.last) this.forget();
    if (entries.length === this.taken) return this.runs;
    for (const entry of entries.slice(this.taken)) this.read(entry, now);
    this.taken = entries.length;
    this.last = entries.at(-1);
    this.runs = [...this.byId.values()];
    return this.runs;
  }

  /** Milliseconds since a run started, whatever this machine's clock says. */
  elapsed(run: Run, now: number): number {
    const ahead = Number.isFinite(this.ahead) ? this.ahead : 0;
    return Math.max(0, now - ahead - run.startedAt);
  }

  private forget(): void {
    this.byId = new Map();
    this.taken = 0;
  }

  private read(entry: RunEntry, now: number): void {
    if (!KINDS.has(entry.kind)) return; // submissions are in this channel, too
    this.ahead = Math.min(this.ahead, now - entry.time);
    const known = this.byId.get(entry.data.run) ?? unknownRun(entry.data.run, entry.time);
    this.byId.set(known.id, next(known, entry));
  }
}

function next(run: Run, entry: RunEntry): Run {
  if (entry.kind === "finished") return { ...run, finished: entry.data };
  if (entry.kind === "output") {
    run.output.append(entry.data.stream, entry.data.text);
    return { ...run };
  }
  const { path, language, version, limits } = entry.data;
  return { ...run, author: entry.author, path, language, version, limits, startedAt: entry.time };
}
