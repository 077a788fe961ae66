import { expect, test } from "vitest";
import { Live } from "./live";

test("B27 a place in the line is known until it begins", () => {
  const live = new Live();
  live.take({ type: "queue", run: "r1", position: 2, seconds: 4 }, 10);
  expect(live.waiting("r1")).toEqual({ position: 2, seconds: 4, since: 10 });
  live.take({ type: "queue", run: "r1", position: 0, seconds: 0 }, 30);
  expect([live.waiting("r1"), live.begunAt("r1"), live.begunAt("r2")]).toEqual([null, 30, null]);
});

test("B28 verdicts are told test by test, and end the waiting", () => {
  const live = new Live();
  live.take({ type: "queue", submission: "s1", position: 1, seconds: 1 }, 0);
  live.take({ type: "judging", submission: "s1", number: 1, of: 3, verdict: "AC" }, 0);
  live.take({ type: "judging", submission: "s1", number: 2, of: 3, verdict: "WA" }, 0);
  expect(live.waiting("s1")).toBeNull();
  expect([...(live.progress("s1")?.verdicts ?? [])]).toEqual([
    [1, "AC"],
    [2, "WA"],
  ]);
});
