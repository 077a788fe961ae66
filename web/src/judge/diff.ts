/** Two lines side by side; null where one side has none. */
export interface Pair {
  left: string | null;
  right: string | null;
  same: boolean;
}

const MOST_LINES = 400;

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Checkers mostly let white space at the end of a line pass, so it makes no difference here. */
function alike(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.trimEnd() === b.trimEnd();
}

/** Lengths of the longest common parts of all ends. */
function common(left: readonly string[], right: readonly string[]): Uint16Array[] {
  const table = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    const row = table[i];
    const below = table[i + 1];
    for (let j = right.length - 1; row && below && j >= 0; j -= 1) {
      const next = alike(left[i], right[j]) ? (below[j + 1] ?? 0) + 1 : 0;
      row[j] = Math.max(next, below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}

function inStep(left: readonly string[], right: readonly string[]): Pair[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => ({
    left: left[at] ?? null,
    right: right[at] ?? null,
    same: alike(left[at], right[at]),
  }));
}

/** What was expected beside what came; lines that were meant for each other stand in one row. */
export function pairs(expected: string, got: string): Pair[] {
  const left = linesOf(expected);
  const right = linesOf(got);
  if (left.length > MOST_LINES || right.length > MOST_LINES) return inStep(left, right);
  const table = common(left, right);
  const found: Pair[] = [];
  let missing: string[] = [];
  let surplus: string[] = [];
  const flush = () => {
    found.push(...inStep(missing, surplus));
    missing = [];
    surplus = [];
  };
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (alike(left[i], right[j])) {
      flush();
      found.push({ left: left[i++] ?? null, right: right[j++] ?? null, same: true });
    } else if (j >= right.length || (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)) {
      if (i < left.length) missing.push(left[i++] ?? "");
      else surplus.push(right[j++] ?? "");
    } else surplus.push(right[j++] ?? "");
  }
  flush();
  return found;
}
