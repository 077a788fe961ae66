import { describe, expect, test } from "vitest";
import type { Problem, Report, RunEntry } from "../api";
import { pairs } from "./diff";
import { submissionsOf } from "./log";
import { rowGroups } from "./rows";

const shown = (expected: string, got: string) =>
  pairs(expected, got).map(
    ({ left, right, same }) => `${left ?? "∅"}${same ? "=" : "|"}${right ?? "∅"}`,
  );

describe("B28 expected beside got", () => {
  test("puts lines together that were meant for each other", () => {
    expect(shown("a\nb\nc\n", "a\nc\n")).toEqual(["a=a", "b|∅", "c=c"]);
    expect(shown("a\nb\n", "a\nx\nb\n")).toEqual(["a=a", "∅|x", "b=b"]);
    expect(shown("1\n2\n", "1\n3\n")).toEqual(["1=1", "2|3"]);
    expect(shown("1 \n", "1\n")).toEqual(["1 =1"]);
    expect(shown("x\n", "")).toEqual(["x|∅"]);
    expect(shown("", "")).toEqual([]);
  });

  test("takes long outputs line by line", () => {
    const long = Array.from({ length: 1000 }, (_, at) => `${at}\n`).join("");
    expect(pairs(long, long).every(({ same }) => same)).toBe(true);
  });
});

const PROBLEM: Problem = {
  id: "sum",
  title: "A sum",
  limits: { cpuSeconds: 1, memoryBytes: 1 },
  checker: { type: "lines" },
  groups: [
    { id: "a", points: 4, tests: [{ stdin: "1", expected: "1", hidden: false }], hidden: 1 },
    { id: "b", points: 6, tests: [{ stdin: "2", expected: "2", hidden: false }] },
  ],
};

describe("B28 rows of tests", () => {
  test("come from the problem while nothing is judged, marked as tests are told", () => {
    const progress = { of: 3, verdicts: new Map([[1, "AC" as const]]) };
    const [a, b] = rowGroups(PROBLEM, null, progress, true);
    expect(a?.rows.map(({ number, hidden, mark }) => [number, hidden, mark])).toEqual([
      [1, false, "AC"],
      [2, true, "judging"],
    ]);
    expect(b?.rows.map(({ number, mark }) => [number, mark])).toEqual([[3, "judging"]]);
  });

  test("come from the report once there is one, hidden ones without what they hold", () => {
    const report = {
      groups: [
        { id: "a", points: 0, most: 4, verdict: null },
        { id: "b", points: 6, most: 6, verdict: "AC" },
      ],
      tests: [
        { number: 1, group: "a", hidden: true },
        { number: 2, group: "a", verdict: "WA", output: "7" },
        { number: 3, group: "b", verdict: "AC" },
      ],
    } as unknown as Report;
    const [a, b] = rowGroups(PROBLEM, report, null, false);
    expect(a?.rows.map(({ mark, test: one }) => [mark, one?.stdin ?? null])).toEqual([
      ["failed", null],
      ["WA", "1"],
    ]);
    expect([a?.points, b?.points]).toEqual([0, 6]);
  });
});

test("B28 submissions are read from the journal, each with its end", () => {
  const head = { seq: 1, time: 5, author: "mb_1", channel: "run" } as const;
  const data = { submission: "sb_1", member: "mb_1", problem: "sum", title: "A sum" };
  const about = { ...data, fileId: "f", path: "a.py", language: "python" };
  const end = { submission: "sb_1", state: "lost", message: "gone", report: null } as const;
  const entries: RunEntry[] = [
    { ...head, kind: "submitted", data: about },
    { ...head, seq: 2, kind: "judged", data: end },
    { ...head, seq: 3, kind: "judged", data: { ...end, submission: "sb_0" } },
  ];
  expect(submissionsOf(entries)).toEqual(
    [{ id: "sb_1", ...about, submission: undefined, fileId: undefined, at: 5, end }].map(
      ({ submission: _s, fileId: _f, ...rest }) => rest,
    ),
  );
});
