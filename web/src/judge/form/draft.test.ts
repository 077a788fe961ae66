import { describe, expect, test } from "vitest";
import type { Problem } from "../../api";
import { draftError, draftOf, emptyDraft, idFor, newGroup, problemOf } from "./draft";

const program = (path: string) => ({ language: "python", files: { [path]: "x" }, entry: path });

const PROBLEM: Problem = {
  id: "sum",
  title: "A sum",
  statement: "Add.",
  limits: { cpuSeconds: 1.5, memoryBytes: 64 * 1_048_576, wallSeconds: 9 },
  languages: ["c"],
  checker: { type: "floats", absolute: null, relative: 0.001 },
  tests: [{ stdin: "1\n", expected: "1\n", hidden: false, args: ["-v"] }],
  groups: [
    {
      id: "large",
      points: 60,
      needs: ["tests"],
      score: "all",
      stop: true,
      tests: [{ stdin: "2\n", expected: "2\n", hidden: true }],
    },
  ],
};

describe("B29 the form of a problem", () => {
  test("keeps what it has no field for", () => {
    const { tests, groups, ...rest } = problemOf(draftOf(PROBLEM), new Set(), program);
    const first = { id: "tests", points: 1, needs: [], score: "sum", tests: PROBLEM.tests };
    const { tests: _tests, groups: before, ...same } = PROBLEM;
    expect(rest).toEqual({ ...same, interactor: null });
    expect(groups).toEqual([first, ...before]);
    expect(tests).toEqual([]);
  });

  test("makes a problem of what was typed", () => {
    const draft = { ...emptyDraft(), title: " Größte Summe! ", checker: "custom" as const };
    expect(draftError(draft)).toBe("checkerFile");
    const whole = { ...draft, checkerFile: "check.py", groups: [newGroup("a", "40")] };
    expect(draftError(whole)).toBeNull();
    const made = problemOf(whole, new Set(["gro-te-summe"]), program);
    expect(made.id).toBe("gro-te-summe-2");
    expect(made.checker).toEqual({ type: "custom", program: program("check.py") });
    expect(made.groups[0]).toMatchObject({ id: "a", points: 40, needs: [] });
  });

  test("says what is missing", () => {
    const good = { ...emptyDraft(), title: "A" };
    expect(draftError(good)).toBeNull();
    expect(draftError(emptyDraft())).toBe("title");
    expect(draftError({ ...good, cpuSeconds: "soon" })).toBe("limits");
    expect(draftError({ ...good, checker: "floats", tolerance: "" })).toBe("tolerance");
    expect(draftError({ ...good, groups: [{ ...newGroup("a"), tests: [] }] })).toBe("tests");
    expect(draftError({ ...good, groups: [newGroup("a"), newGroup("a")] })).toBe("groups");
    expect(draftError({ ...good, groups: [newGroup("a b")] })).toBe("groups");
  });

  test("names a problem after its title", () => {
    expect(idFor("A sum", new Set())).toBe("a-sum");
    expect(idFor("योग", new Set(["problem"]))).toBe("problem-2");
  });
});
