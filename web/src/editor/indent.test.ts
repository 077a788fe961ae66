import { describe, expect, it } from "vitest";
import { endOfChange } from "./binding";
import { openFlags } from "./carets";
import { detectIndent } from "./indent";
import { languageOf } from "./languages";

describe("B22 indentation", () => {
  it("is found out from the steps between lines", () => {
    expect(detectIndent(["def a():", "    if x:", "        return"])).toBe(4);
    expect(detectIndent(["a:", "  b:", "    c", "  d"])).toBe(2);
    expect(detectIndent(["a {", "\tb {", "\t\tc"])).toBe("tab");
    expect(detectIndent(["a", "b", ""])).toBeNull();
  });
});

describe("B3 the end of an undone change", () => {
  it("is where the caret goes", () => {
    expect(endOfChange([{ retain: 3 }, { insert: "abc" }])).toBe(6);
    expect(endOfChange([{ retain: 3 }, { delete: 4 }])).toBe(3);
    expect(endOfChange([{ retain: 1 }, { insert: "x" }, { retain: 5 }, { delete: 1 }])).toBe(7);
    expect(endOfChange([])).toBeNull();
  });
});

describe("B2 flags", () => {
  it("are open for those who moved a moment ago, the twelve nearest", () => {
    const people = Array.from({ length: 20 }, (_, clientId) => ({
      clientId,
      anchor: 0,
      head: clientId * 10,
      name: "x",
      color: 1,
      ring: false,
      movedAt: clientId === 5 ? 0 : 9_000,
    }));
    const open = openFlags(people, 100, 10_000);
    expect(open.size).toBe(12);
    expect(open.has(10)).toBe(true);
    expect(open.has(5)).toBe(false);
    expect(open.has(0)).toBe(false);
  });
});

describe("languages", () => {
  it("are told by the ending of a name", () => {
    const ids = ["a.py", "b/c.tsx", "x.H", "Gemfile", "py", "notes.txt"].map(
      (path) => languageOf(path)?.id ?? null,
    );
    expect(ids).toEqual(["python", "tsx", "c", "ruby", null, null]);
  });
});
