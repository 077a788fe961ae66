import type { EntryHead } from "./types";

/** The shapes of problems and submissions in docs/api.md. */

export type Verdict = "AC" | "WA" | "PE" | "CE" | "TLE" | "MLE" | "OLE" | "RTE" | "IE" | "SK";

/** Of a hidden test, who is no host gets the number, the group and at most a verdict. */
export interface TestReport {
  number: number;
  group: string;
  hidden?: boolean;
  verdict?: Verdict;
  cpuSeconds?: number;
  wallSeconds?: number;
  memoryBytes?: number;
  exitCode?: number;
  signal?: number;
  message?: string;
  note?: string;
  stdin?: string;
  expected?: string;
  output?: string;
  errors?: string;
}

export interface GroupReport {
  id: string;
  points: number;
  most: number;
  verdict: Verdict | null;
}

export interface Report {
  verdict: Verdict;
  name: string;
  points: number;
  most: number;
  message: string;
  compileOutput: string;
  /** The number of a test, 0 for none. */
  firstFailed: number;
  passed: number;
  cpuSeconds: number;
  wallSeconds: number;
  memoryBytes: number;
  groups: GroupReport[];
  tests: TestReport[];
}

export interface SubmittedEntry extends EntryHead {
  channel: "run";
  kind: "submitted";
  data: {
    submission: string;
    member: string;
    problem: string;
    title: string;
    fileId: string;
    path: string;
    language: string;
  };
}

export interface JudgedEntry extends EntryHead {
  channel: "run";
  kind: "judged";
  data: {
    submission: string;
    state: "judged" | "cancelled" | "lost";
    message: string;
    report: Report | null;
  };
}

export interface ProblemTest {
  stdin: string;
  expected: string;
  hidden: boolean;
  args?: string[];
}

export interface ProblemGroup {
  id: string;
  points: number;
  needs?: string[];
  score?: "all" | "sum";
  stop?: boolean | null;
  tests: ProblemTest[];
  /** How many tests are hidden from who is no host. */
  hidden?: number;
}

export interface Program {
  language: string;
  files: Record<string, string>;
  entry: string;
}

export type Checker =
  | { type: "exact" | "lines" | "unordered" }
  | { type: "tokens"; ignoreCase?: boolean }
  | { type: "floats"; absolute?: number | null; relative?: number | null }
  | { type: "custom"; program?: Program };

export interface ProblemLimits {
  cpuSeconds: number;
  wallSeconds?: number | null;
  memoryBytes: number;
  outputBytes?: number;
  processes?: number;
}

/** For hosts all of it; for others without hidden tests and sources of referees. */
export interface Problem {
  id: string;
  title: string;
  statement?: string;
  limits: ProblemLimits;
  languages?: string[];
  checker: Checker;
  interactive?: boolean;
  interactor?: { program: Program } | null;
  groups: ProblemGroup[];
  /** Short for a group of that name. */
  tests?: ProblemTest[];
}

/** A submission on request; for hosts with what is hidden. */
export interface Submission {
  id: string;
  report: Report | null;
}
