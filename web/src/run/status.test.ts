import { describe, expect, test } from "vitest";
import type { Run } from "./log";
import { OutputBuffer } from "./output";
import { queuedState, runningState } from "./status";

const LIMITS = {
  wallSeconds: 60,
  cpuSeconds: 10,
  memoryBytes: 268_435_456,
  outputBytes: 1_048_576,
};
const RUN: Run = {
  id: "r",
  author: null,
  fileId: null,
  path: null,
  language: null,
  version: null,
  startedAt: 0,
  limits: LIMITS,
  finished: null,
  output: new OutputBuffer(),
  tape: null,
  restarted: null,
};
const MB = 1_048_576;

describe("B27 how long it may take", () => {
  test("the place in the line and the guess, which runs down", () => {
    const place = (position: number, seconds: number, now = 0) =>
      queuedState({ position, seconds, since: 0 }, now).words;
    expect(place(3, 4)).toBe("Queued, 3rd in line · about 4 s");
    expect(place(1, 4, 2_500)).toBe("Queued, 1st in line · about 2 s");
    expect(place(2, 4, 9_000)).toBe("Queued, 2nd in line · soon");
    expect(place(11, 60)).toBe("Queued, 11th in line · about 60 s");
  });

  test("of the limits on time the nearer one", () => {
    const usage = (cpuSeconds: number) => ({ cpuSeconds, memoryBytes: 18 * MB });
    const words = (ms: number, cpu: number, short = false) =>
      runningState(RUN, ms, usage(cpu), short).words;
    expect(words(2_100, 0.1)).toBe("Running · 2.1 s of 60 s · 18 MB");
    expect(words(2_100, 2)).toBe("Running · 2.1 s · processor 2.0 s of 10 s · 18 MB");
    expect(words(2_100, 2, true)).toBe("Running · 2.1 s");
    expect(runningState(RUN, 500, null, false).words).toBe("Running · 0.5 s of 60 s");
  });
});
