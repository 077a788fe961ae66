import type { Verdict } from "../api";
import type { RoomEvent } from "./events";
import { Signal } from "./signal";
import type { Judged, Usage, Waiting } from "./types";

/** What is told of runs and submissions while they go on, and kept nowhere. */
export class Live {
  readonly changed = new Signal();
  /** The problems of the room are others now. */
  readonly problems = new Signal();
  private readonly usages = new Map<string, Usage>();
  private readonly lines = new Map<string, Waiting>();
  private readonly begun = new Map<string, number>();
  private readonly judged = new Map<string, Judged>();

  usage(run: string): Usage | null {
    return this.usages.get(run) ?? null;
  }

  /** The place in the line of a run or submission; null once it has begun, or when nothing was told. */
  waiting(id: string): Waiting | null {
    return this.lines.get(id) ?? null;
  }

  /** When something that had to wait began, by this clock; null if it never waited. */
  begunAt(id: string): number | null {
    return this.begun.get(id) ?? null;
  }

  progress(submission: string): Judged | null {
    return this.judged.get(submission) ?? null;
  }

  take(event: RoomEvent, now: number): void {
    if (event.type === "problems") this.problems.emit();
    else if (event.type === "usage") this.usages.set(event.run, usageOf(event));
    else if (event.type === "queue") this.place(event, now);
    else if (event.type === "judging") this.count(event);
    else return;
    this.changed.emit();
  }

  private place(event: Extract<RoomEvent, { type: "queue" }>, now: number): void {
    const id = event.run ?? event.submission ?? "";
    const { position, seconds } = event;
    if (position > 0) {
      this.lines.set(id, { position, seconds, since: now });
      return;
    }
    this.lines.delete(id);
    this.begun.set(id, now);
  }

  private count({ submission, number, of, verdict }: JudgingEvent): void {
    const known = this.judged.get(submission)?.verdicts;
    const verdicts = new Map<number, Verdict>(known).set(number, verdict);
    this.lines.delete(submission);
    this.judged.set(submission, { of, verdicts });
  }
}

type JudgingEvent = Extract<RoomEvent, { type: "judging" }>;

function usageOf({ cpuSeconds, memoryBytes }: Extract<RoomEvent, { type: "usage" }>): Usage {
  return { cpuSeconds, memoryBytes };
}
