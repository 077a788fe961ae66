import { describe, expect, test } from "vitest";
import { BLOCK_LINES, KEPT_LINES, LINE_LENGTH, OutputBuffer } from "./output";

const shown = (buffer: OutputBuffer) =>
  buffer.blocks.flatMap((block) =>
    block.lines.map((line) => line.spans.map((span) => span.text).join("")),
  );

describe("output", () => {
  test("what is typed stands behind the question it answers", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", "Name? ");
    buffer.append("stdin", "Asha\n");
    buffer.append("stdout", "Hello Asha\n");
    expect(shown(buffer)).toEqual(["Name? Asha", "Hello Asha"]);
    expect(buffer.blocks[0]?.lines[0]?.spans.map((span) => span.stream)).toEqual([
      "stdout",
      "stdin",
    ]);
  });

  test("pieces of one line become one span", () => {
    const buffer = new OutputBuffer();
    for (const piece of ["a", "b", "c"]) buffer.append("stdout", piece);
    expect(buffer.blocks[0]?.lines[0]?.spans).toHaveLength(1);
  });

  test("a bare return overwrites the line, as progress bars do", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", "10 %\r20 %\r");
    buffer.append("stdout", "30 %\n");
    expect(shown(buffer)).toEqual(["30 %"]);
  });

  test("whole blocks keep their identity while output grows", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", "x\n".repeat(BLOCK_LINES + 5));
    const [first] = buffer.blocks;
    buffer.append("stdout", "y\n");
    expect(buffer.blocks[0]).toBe(first);
    expect(shown(buffer)).toHaveLength(BLOCK_LINES + 6);
  });

  test("a block that is full with an open line is not taken for a whole one", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", `${"x\n".repeat(BLOCK_LINES - 1)}open`);
    buffer.append("stdout", " line\nnext");
    expect(shown(buffer).slice(-2)).toEqual(["open line", "next"]);
    expect(shown(buffer)).toHaveLength(BLOCK_LINES + 1);
  });

  test("the oldest lines go when there are too many, and are counted", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", "x\n".repeat(KEPT_LINES + 250));
    expect(buffer.dropped).toBe(200);
    expect(shown(buffer)).toHaveLength(KEPT_LINES + 50);
    expect(buffer.text).toHaveLength((KEPT_LINES + 250) * 2);
  });

  test("an endless line is broken", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", "z".repeat(LINE_LENGTH * 2 + 1));
    expect(shown(buffer).map((line) => line.length)).toEqual([LINE_LENGTH, LINE_LENGTH, 1]);
  });

  test("the tail leaves empty lines out", () => {
    const buffer = new OutputBuffer();
    buffer.append("stdout", "a\nb\n\n\n");
    expect(buffer.tail(1).map((line) => line.spans[0]?.text)).toEqual(["b"]);
  });
});
