import type { Problem, ProblemTest, Report, TestReport, Verdict } from "../api";
import type { Judged } from "../collab";

/** `failed`: a hidden test that was not passed, and no more is told. */
export type Mark = Verdict | "failed" | "judging" | null;

/** One test as the list shows it. */
export interface Row {
  number: number;
  group: string;
  hidden: boolean;
  mark: Mark;
  /** What the program reads and what is expected, as far as it is known here. */
  test: ProblemTest | null;
  report: TestReport | null;
}

/** Tests of one group, and what they are worth. */
export interface RowGroup {
  id: string;
  points: number | null;
  most: number;
  rows: Row[];
}

type Place = Pick<Row, "group" | "hidden" | "test">;

/** For who is no host the hidden tests come last in their group: where they stand is not told before. */
function placesOf(problem: Problem): Place[] {
  return groupsOf(problem).flatMap(({ id, tests, hidden = 0 }) => [
    ...tests.map((test) => ({ group: id, hidden: test.hidden, test })),
    ...Array.from({ length: hidden }, () => ({ group: id, hidden: true, test: null })),
  ]);
}

/** `tests` of a host's view are short for a first group of that name. */
export function groupsOf({ groups, tests = [] }: Problem): Problem["groups"] {
  return tests.length > 0 ? [{ id: "tests", points: 1, score: "sum", tests }, ...groups] : groups;
}

function judgedRows(report: Report, places: readonly Place[]): Row[] {
  const waiting = [...places];
  return report.tests.map((one) => {
    const hidden = one.hidden ?? false;
    const at = waiting.findIndex((place) => place.group === one.group && place.hidden === hidden);
    const [place] = at < 0 ? [] : waiting.splice(at, 1);
    const mark = one.verdict ?? "failed";
    const { number, group } = one;
    return { number, group, hidden, mark, test: place?.test ?? null, report: one };
  });
}

function waitingRows(places: readonly Place[], progress: Judged | null, goesOn: boolean): Row[] {
  return places.map((place, index) => {
    const number = index + 1;
    const mark = progress?.verdicts.get(number) ?? (goesOn ? "judging" : null);
    return { ...place, number, mark, report: null };
  });
}

/** All tests of a problem by group, with what is known of one submission. */
export function rowGroups(
  problem: Problem | null,
  report: Report | null,
  progress: Judged | null,
  goesOn: boolean,
): RowGroup[] {
  const places = problem ? placesOf(problem) : [];
  const rows = report ? judgedRows(report, places) : waitingRows(places, progress, goesOn);
  const ids = [...new Set(rows.map(({ group }) => group))];
  return ids.map((id) => {
    const told = report?.groups.find((group) => group.id === id);
    const known = problem && groupsOf(problem).find((group) => group.id === id);
    return {
      id,
      points: told?.points ?? null,
      most: told?.most ?? known?.points ?? 0,
      rows: rows.filter(({ group }) => group === id),
    };
  });
}
