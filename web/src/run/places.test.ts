import { describe, expect, test } from "vitest";
import { placesIn } from "./places";

const PATHS = new Set(["main.py", "src/shapes.c", "Main.cs", "naïve file.py"]);
const found = (text: string) =>
  placesIn(text, PATHS).map(({ path, line, column, from, to }) => [
    path,
    line,
    column,
    text.slice(from, to),
  ]);

describe("B26 places in the output", () => {
  test("are those of the room's files, as languages name them", () => {
    expect(found('  File "/work/main.py", line 3, in go')).toEqual([
      ["main.py", 3, 0, 'File "/work/main.py", line 3'],
    ]);
    expect(found("src/shapes.c:12:5: error: expected ';'")).toEqual([
      ["src/shapes.c", 12, 5, "src/shapes.c:12:5"],
    ]);
    expect(found("Main.cs(4,9): error CS1002")).toEqual([["Main.cs", 4, 9, "Main.cs(4,9)"]]);
    expect(found("(/work/main.py:7)")).toEqual([["main.py", 7, 0, "/work/main.py:7"]]);
    expect(found('File "/work/naïve file.py", line 1')).toHaveLength(1);
  });

  test("are nothing else", () => {
    expect(found('File "/usr/lib/python3.11/json/decoder.py", line 355')).toEqual([]);
    expect(found("at 10:30 main.py was fine; http://main.py/1")).toEqual([]);
    expect(found(`${"x".repeat(3000)} main.py:1`)).toEqual([]);
  });
});
