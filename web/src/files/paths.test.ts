import { describe, expect, it } from "vitest";
import {
  freePath,
  isInside,
  nameOf,
  newFileId,
  numbered,
  parentOf,
  pathProblem,
  shownPaths,
  unixLines,
} from "./paths";
import { treeRows } from "./rows";

describe("B11 paths", () => {
  it("follow the rules", () => {
    for (const good of ["a", "a.py", "src/நிலையங்கள்.csv", ".env", "a b/c", "x".repeat(200)]) {
      expect(pathProblem(good), good).toBeNull();
    }
    const bad = { "": "empty", "/a": "parts", "a/": "parts", "a//b": "parts", "a/../b": "parts" };
    for (const [path, problem] of Object.entries(bad)) expect(pathProblem(path)).toBe(problem);
    expect(pathProblem("./a")).toBe("parts");
    expect(pathProblem("a\\b")).toBe("characters");
    expect(pathProblem("a\u0000")).toBe("characters");
    expect(pathProblem("x".repeat(201))).toBe("long");
  });

  it("are taken apart", () => {
    expect([parentOf("a/b/c.py"), nameOf("a/b/c.py"), parentOf("c.py")]).toEqual([
      "a/b",
      "c.py",
      "",
    ]);
    expect([isInside("a/b", "a"), isInside("ab", "a"), isInside("a", "a")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("get numbers before their ending", () => {
    expect(numbered("src/a.test.py", 2)).toBe("src/a.test (2).py");
    expect(numbered(".env", 2)).toBe(".env (2)");
    expect(freePath("a.py", new Set(["a.py", "a (2).py"]))).toBe("a (3).py");
  });

  it("that two files claim are both shown, the larger id with a number", () => {
    const shown = shownPaths([
      { id: "b", path: "x.py" },
      { id: "a", path: "x.py" },
      { id: "c", path: "y.py" },
    ]);
    expect(Object.fromEntries(shown)).toEqual({ a: "x.py", b: "x (2).py", c: "y.py" });
  });

  it("have ids of 16 small letters and digits", () => {
    const ids = new Set(Array.from({ length: 100 }, newFileId));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{16}$/);
  });

  it("make a tree: folders first, numbers in order, closed folders without content", () => {
    const files = ["b10.py", "b9.py", "src/x.py", "src/lib/y.py"].map((path) => ({
      id: path,
      path,
      folder: false,
    }));
    const rows = (closed: string[]) => treeRows(files, new Set(closed)).map((row) => row.path);
    expect(rows([])).toEqual(["src", "src/lib", "src/lib/y.py", "src/x.py", "b9.py", "b10.py"]);
    expect(rows(["src"])).toEqual(["src", "b9.py", "b10.py"]);
  });
});

describe("B13 lines", () => {
  it("end with a newline only", () => {
    expect(unixLines("a\r\nb\rc\nd")).toBe("a\nb\nc\nd");
  });
});
