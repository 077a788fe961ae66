import type { RunEntry, RunFinishedEntry, RunLimits, Size } from "../api";
import { OutputBuffer } from "./output";

/** One execution as the journal tells it. */
export interface Run {
  id: string;
  /** Member id of who ran it; null when the beginning was not loaded. */
  author: string | null;
  fileId: string | null;
  path: string | null;
  language: string | null;
  version: string | null;
  /** By the server's clock. */
  startedAt: number;
  limits: RunLimits | null;
  finished: RunFinishedEntry["data"] | null;
  output: OutputBuffer;
  /** What its terminal showed, with its sizes; null without a terminal. A new one when it began again. */
  tape: Tape | null;
  /** Why it began again, in the server's words. */
  restarted: string | null;
}

/** Output and sizes of a terminal in their order; grows only at its end. */
export type Tape = (string | Size)[];

type OfRun = Exclude<RunEntry, { kind: "submitted" | "judged" }>;

const KINDS: ReadonlySet<string> = new Set([
  "started",
  "resized",
  "output",
  "restarted",
  "finished",
]);

function isOfRun(entry: RunEntry): entry is OfRun {
  return KINDS.has(entry.kind);
}

function unknownRun(id: string, time: number): Run {
  return {
    id,
    author: null,
    fileId: null,
    path: null,
    language: null,
    version: null,
    startedAt: time,
    limits: null,
    finished: null,
    output: new OutputBuffer(),
    tape: null,
    restarted: null,
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
    if (!isOfRun(entry)) return;
    this.ahead = Math.min(this.ahead, now - entry.time);
    const known = this.byId.get(entry.data.run) ?? unknownRun(entry.data.run, entry.time);
    this.byId.set(known.id, next(known, entry));
  }
}

function next(run: Run, entry: OfRun): Run {
  switch (entry.kind) {
    case "finished":
      return { ...run, finished: entry.data };
    case "restarted":
      return { ...run, ...begun(run.tape), restarted: entry.data.message };
    case "resized":
      run.tape?.push({ rows: entry.data.rows, columns: entry.data.columns });
      return { ...run };
    case "output": {
      const { stream, text } = entry.data;
      run.output.append(stream, text);
      run.tape?.push(stream === "compile" ? text.replaceAll("\n", "\r\n") : text);
      return { ...run };
    }
    case "started": {
      const { fileId, path, language, version, limits, terminal } = entry.data;
      const known = { fileId, path, language, version, limits, startedAt: entry.time };
      return { ...run, ...known, author: entry.author, tape: terminal ? [terminal] : null };
    }
  }
}

/** Nothing was printed; a terminal keeps its size. */
function begun(tape: Tape | null): Pick<Run, "output" | "tape"> {
  return { output: new OutputBuffer(), tape: tape && sizeOf(tape) };
}

function sizeOf(tape: Tape): Tape {
  return tape.filter((piece) => typeof piece !== "string").slice(-1);
}
