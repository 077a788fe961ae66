import { describe, expect, test } from "vitest";
import { AnsiReader, PLAIN } from "./ansi";

const text = (reader: AnsiReader, piece: string) =>
  reader.read(piece).map((token) => (token.kind === "text" ? token.text : `<${token.kind}>`));

describe("escape sequences", () => {
  test("colours and weights become styles, and end", () => {
    const tokens = new AnsiReader().read("\u001b[1;31mred\u001b[0m plain");
    expect(tokens).toEqual([
      { kind: "text", text: "red", style: { ...PLAIN, color: 1, bold: true } },
      { kind: "text", text: " plain", style: PLAIN },
    ]);
  });

  test("a sequence cut between two pieces is read as one", () => {
    const reader = new AnsiReader();
    expect(text(reader, "a\u001b[3")).toEqual(["a"]);
    expect(reader.read("2mb")).toEqual([
      { kind: "text", text: "b", style: { ...PLAIN, color: 2 } },
    ]);
  });

  test("bright, indexed and true colours", () => {
    const colors = new AnsiReader()
      .read("\u001b[96ma\u001b[38;5;3mb\u001b[38;2;1;2;3mc\u001b[38;5;200md")
      .map((token) => (token.kind === "text" ? token.style.color : null));
    expect(colors).toEqual([14, 3, 3, 3]);
  });

  test("cursor movement, titles and bells leave no trace", () => {
    const reader = new AnsiReader();
    expect(text(reader, "\u001b[2J\u001b[1;1Ha\u0007\u001b]0;title\u0007b\u001b(Bc").join("")).toBe(
      "abc",
    );
  });

  test("a lonely escape does not hold back what follows for ever", () => {
    const reader = new AnsiReader();
    expect(text(reader, `\u001b[${"1".repeat(300)}`).join("")).toContain("111");
  });

  test("line ends of both kinds, and a bare return", () => {
    expect(text(new AnsiReader(), "a\r\nb\rc\n")).toEqual([
      "a",
      "<newline>",
      "b",
      "<return>",
      "c",
      "<newline>",
    ]);
  });

  test("a return cut from its newline is one line end", () => {
    const reader = new AnsiReader();
    expect(text(reader, "a\r")).toEqual(["a"]);
    expect(text(reader, "\nb")).toEqual(["<newline>", "b"]);
  });
});
