import { describe, expect, test } from "vitest";
import { resolve, segments } from "./text";

const PATHS = ["metro/graph.py", "main.py", "tests/main_test.py", "நிலையங்கள்.csv"];
const brief = (text: string) =>
  segments(text, PATHS).map((segment) =>
    segment.kind === "file"
      ? `[${segment.path}:${segment.line}]`
      : `${segment.kind}=${segment.text}`,
  );

describe("messages", () => {
  test("a file with a line becomes a chip with the whole path", () => {
    expect(brief("graph.py:11 pops the path")).toEqual([
      "[metro/graph.py:11]",
      "text= pops the path",
    ]);
  });

  test("a file without a line, at the end of a sentence", () => {
    expect(brief("See main.py.")).toEqual(["text=See ", "[main.py:null]", "text=."]);
  });

  test("names that are no file of the room stay text", () => {
    expect(brief("e.g. numpy.linalg or other.py:3")).toEqual([
      "text=e.g. numpy.linalg or other.py:3",
    ]);
  });

  test("names in other scripts", () => {
    expect(brief("நிலையங்கள்.csv:2")).toEqual(["[நிலையங்கள்.csv:2]"]);
  });

  test("backticks are code, or a file of the room", () => {
    expect(brief("`GRAPH` in `main.py:4`")).toEqual(["code=GRAPH", "text= in ", "[main.py:4]"]);
  });

  test("links lose the full stop after them", () => {
    expect(brief("https://example.org/a?b=1.")).toEqual([
      "link=https://example.org/a?b=1",
      "text=.",
    ]);
  });

  test("a short name that fits two files is nobody's", () => {
    expect(resolve("a.py", ["x/a.py", "y/a.py"])).toBeNull();
    expect(resolve("x/a.py", ["x/a.py", "y/a.py"])).toBe("x/a.py");
  });
});
