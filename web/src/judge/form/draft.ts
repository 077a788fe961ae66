import type { Checker, Problem, ProblemGroup, ProblemTest, Program } from "../../api";
import { groupsOf } from "../rows";

export interface DraftTest {
  key: number;
  stdin: string;
  expected: string;
  hidden: boolean;
  /** What the form has no field for. */
  rest: Partial<ProblemTest>;
}

export interface DraftGroup {
  key: number;
  id: string;
  points: string;
  /** A group that has to be passed first, or "". */
  needs: string;
  tests: DraftTest[];
  rest: Partial<ProblemGroup>;
}

/** A problem while somebody writes it: numbers as they are typed. */
export interface Draft {
  /** Null for a new one. */
  id: string | null;
  title: string;
  statement: string;
  cpuSeconds: string;
  memoryMb: string;
  checker: Checker["type"];
  tolerance: string;
  /** Path of a file of the room, or "" for the program that the problem has. */
  checkerFile: string;
  /** The same for an interactor; "" also for none. */
  interactorFile: string;
  groups: DraftGroup[];
  from: Problem | null;
}

const MIB = 1_048_576;
const TOLERANCE = "1e-6";
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

let keys = 0;

export function newTest(hidden: boolean): DraftTest {
  keys += 1;
  return { key: keys, stdin: "", expected: "", hidden, rest: {} };
}

export function newGroup(id: string, points = "1"): DraftGroup {
  keys += 1;
  return { key: keys, id, points, needs: "", tests: [newTest(false)], rest: {} };
}

export function emptyDraft(): Draft {
  return {
    id: null,
    title: "",
    statement: "",
    cpuSeconds: "2",
    memoryMb: "256",
    checker: "lines",
    tolerance: TOLERANCE,
    checkerFile: "",
    interactorFile: "",
    groups: [{ ...newGroup("tests"), rest: { score: "sum" } }],
    from: null,
  };
}

function draftGroup(group: ProblemGroup): DraftGroup {
  const { id, points, needs, tests, ...rest } = group;
  const drafts = tests.map(({ stdin, expected, hidden, ...more }) => ({
    ...newTest(hidden),
    stdin,
    expected,
    rest: more,
  }));
  const whole = { ...rest, needs: needs ?? [] };
  return { ...newGroup(id, String(points)), needs: needs?.[0] ?? "", tests: drafts, rest: whole };
}

/** The form for a problem as hosts see it. */
export function draftOf(problem: Problem): Draft {
  const { checker, limits } = problem;
  const tolerance = checker.type === "floats" ? (checker.relative ?? checker.absolute) : null;
  return {
    ...emptyDraft(),
    id: problem.id,
    title: problem.title,
    statement: problem.statement ?? "",
    cpuSeconds: String(limits.cpuSeconds),
    memoryMb: String(Math.round(limits.memoryBytes / MIB)),
    checker: checker.type,
    tolerance: String(tolerance ?? TOLERANCE),
    groups: groupsOf(problem).map(draftGroup),
    from: problem,
  };
}

/** `A sum!` becomes `a-sum`, with a number when it is taken. */
export function idFor(title: string, taken: ReadonlySet<string>): string {
  const plain = title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 48);
  const base = plain || "problem";
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1)
    if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
}

export type DraftError = "title" | "limits" | "tolerance" | "tests" | "groups" | "checkerFile";

/** The first thing that keeps it from being a problem, or null. */
export function draftError(draft: Draft): DraftError | null {
  const positive = (text: string) => Number(text) > 0;
  if (!draft.title.trim()) return "title";
  if (!positive(draft.cpuSeconds) || !positive(draft.memoryMb)) return "limits";
  if (draft.checker === "floats" && !positive(draft.tolerance)) return "tolerance";
  const custom = draft.from?.checker.type === "custom";
  if (draft.checker === "custom" && !draft.checkerFile && !custom) return "checkerFile";
  if (draft.groups.some(({ tests }) => tests.length === 0)) return "tests";
  const ids = draft.groups.map(({ id }) => id);
  const worth = draft.groups.every(({ points }) => points.trim() !== "" && Number(points) >= 0);
  if (new Set(ids).size < ids.length || !ids.every((id) => ID.test(id)) || !worth) return "groups";
  return null;
}

function checkerOf(draft: Draft, programAt: (path: string) => Program): Checker {
  const before = draft.from?.checker;
  switch (draft.checker) {
    case "floats": {
      const tolerance = Number(draft.tolerance);
      if (before?.type === "floats" && tolerance === (before.relative ?? before.absolute)) {
        return before;
      }
      return { type: "floats", absolute: tolerance, relative: tolerance };
    }
    case "custom":
      if (draft.checkerFile) return { type: "custom", program: programAt(draft.checkerFile) };
      return before ?? { type: "lines" };
    default:
      return before?.type === draft.checker ? before : { type: draft.checker };
  }
}

function groupOf({ id, points, needs, tests, rest }: DraftGroup): ProblemGroup {
  const kept = rest.needs?.[0] === needs ? rest.needs : needs ? [needs] : [];
  return {
    ...rest,
    id,
    points: Number(points),
    needs: kept,
    tests: tests.map(({ stdin, expected, hidden, rest: more }) => ({
      ...more,
      stdin: ended(stdin),
      expected: ended(expected),
      hidden,
    })),
  };
}

/** Programs read and print lines; who types a test does not think of the last line's end. */
function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** What is sent. `programAt` makes a program of a file of the room. */
export function problemOf(
  draft: Draft,
  taken: ReadonlySet<string>,
  programAt: (path: string) => Program,
): Problem {
  const { from } = draft;
  const interactor = draft.interactorFile
    ? { program: programAt(draft.interactorFile) }
    : (from?.interactor ?? null);
  return {
    ...from,
    id: draft.id ?? idFor(draft.title, taken),
    title: draft.title.trim(),
    statement: draft.statement,
    limits: {
      ...from?.limits,
      cpuSeconds: Number(draft.cpuSeconds),
      memoryBytes: Math.round(Number(draft.memoryMb) * MIB),
    },
    checker: checkerOf(draft, programAt),
    interactor,
    tests: [],
    groups: draft.groups.map(groupOf),
  };
}
