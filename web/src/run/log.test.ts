import { describe, expect, test } from "vitest";
import type { RunEntry } from "../api";
import { RunLog } from "./log";

const limits = { wallSeconds: 10, cpuSeconds: 10, memoryBytes: 1, outputBytes: 1 };
const started = (seq: number, run: string, time = seq): RunEntry => ({
  seq,
  time,
  author: "m1",
  channel: "run",
  kind: "started",
  data: { run, fileId: "f", path: "main.py", language: "python", version: "3.12", limits },
});
const output = (seq: number, run: string, text: string): RunEntry => ({
  seq,
  time: seq,
  author: "system",
  channel: "run",
  kind: "output",
  data: { run, stream: "stdout", text },
});
const text = (log: RunLog, index: number) => log.runs[index]?.output.text;

describe("runs of a room", () => {
  test("each piece of output is taken once, however often the list is read", () => {
    const log = new RunLog();
    const list = [started(1, "a"), output(2, "a", "x")];
    log.take(list, 0);
    log.take(list, 0);
    log.take([...list, output(3, "a", "y")], 0);
    expect(text(log, 0)).toBe("xy");
  });

  test("entries that came late and belong before others are put in their place", () => {
    const log = new RunLog();
    log.take([output(3, "a", "y")], 0);
    log.take([started(1, "a"), output(2, "a", "x"), output(3, "a", "y")], 0);
    expect(log.runs).toHaveLength(1);
    expect(text(log, 0)).toBe("xy");
  });

  test("a run whose beginning was not loaded has no path", () => {
    const log = new RunLog();
    log.take([output(3, "a", "y")], 0);
    expect(log.runs[0]?.path).toBeNull();
  });

  test("time passes by the server's clock, not by this machine's", () => {
    const log = new RunLog();
    const ahead = 3_600_000;
    const [run] = log.take([started(1, "a", 1000)], 1000 + ahead);
    expect(run && log.elapsed(run, 3100 + ahead)).toBe(2100);
  });
});
