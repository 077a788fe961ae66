import type { Problem } from "../../api";

/** A problem from a file of this computer, in the form of docs/api.md; null when it is none. */
export async function readProblem(file: File): Promise<Problem | null> {
  try {
    const found = JSON.parse(await file.text()) as Partial<Problem> | null;
    if (typeof found !== "object" || found === null) return null;
    const { groups = [], tests = [] } = found;
    if (!Array.isArray(groups) || !Array.isArray(tests)) return null;
    return filled(found, groups, tests);
  } catch {
    return null;
  }
}

function filled(
  found: Partial<Problem>,
  groups: Problem["groups"],
  tests: NonNullable<Problem["tests"]>,
): Problem {
  const whole = (test: Partial<(typeof tests)[number]>) => ({
    ...test,
    stdin: test.stdin ?? "",
    expected: test.expected ?? "",
    hidden: test.hidden ?? true,
  });
  return {
    ...found,
    id: found.id ?? "",
    title: found.title ?? found.id ?? "",
    limits: {
      ...found.limits,
      cpuSeconds: found.limits?.cpuSeconds ?? 2,
      memoryBytes: found.limits?.memoryBytes ?? 268_435_456,
    },
    checker: found.checker ?? { type: "lines" },
    tests: tests.map(whole),
    groups: groups.map((group) => ({
      ...group,
      points: group.points ?? 1,
      tests: group.tests.map(whole),
    })),
  };
}

export function saveProblem(problem: Problem): void {
  const blob = new Blob([JSON.stringify(problem, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${problem.id}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
