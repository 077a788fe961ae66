import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import type { ErrorLine, RunFinishedEntry } from "../api";
import type { FileList } from "../files/list";
import type { Run } from "./log";
import { ErrorMarks } from "./marks";
import { OutputBuffer } from "./output";

const CODE = "a = 1\nb = a / 0\nc = 3\n";
const ERROR: ErrorLine = {
  path: "main.py",
  line: 2,
  column: 0,
  message: "zero",
  text: "b = a / 0",
};

function room(content = CODE) {
  const doc = new Y.Doc();
  const text = doc.getText("t");
  text.insert(0, content);
  const file = { id: "f1", path: "main.py", folder: false };
  const files = {
    byPath: (path: string) => (path === file.path ? file : null),
    text: (id: string) => (id === file.id ? text : null),
  } as unknown as FileList;
  return { text, marks: new ErrorMarks(files) };
}

function run(id: string, errors: ErrorLine[] | null): Run {
  const end = { run: id, status: "failed", errors } as unknown as RunFinishedEntry["data"];
  return {
    id,
    author: "mb_1",
    fileId: "f1",
    path: "main.py",
    language: "python",
    version: "3",
    startedAt: 0,
    limits: null,
    finished: errors && end,
    output: new OutputBuffer(),
    tape: null,
    restarted: null,
  };
}

const shown = ({ text, marks }: ReturnType<typeof room>) =>
  marks.of("f1").map(({ from, to, message }) => [text.toString().slice(from, to), message]);

describe("B26 errors at their lines", () => {
  test("stay at the line while others write around it, and go when it is edited", () => {
    const here = room();
    here.marks.follow([run("r1", [ERROR])]);
    expect(shown(here)).toEqual([["b = a / 0", "zero"]]);
    here.text.insert(0, "# first\n");
    here.text.insert(here.text.length, "d = 4\n");
    expect(shown(here)).toEqual([["b = a / 0", "zero"]]);
    here.text.insert(here.text.toString().indexOf("b ="), "e = 5\n");
    expect(shown(here)).toEqual([["b = a / 0", "zero"]]);
    here.text.insert(here.text.toString().indexOf("b ="), "x");
    expect(shown(here)).toEqual([]);
  });

  test("a line that moved while the program ran is found again, one that went is not shown", () => {
    const here = room(`# new\n# new\n${CODE}`);
    here.marks.follow([run("r1", [ERROR])]);
    expect(shown(here)).toEqual([["b = a / 0", "zero"]]);
    const gone = room("a = 1\nb = a / 1\n");
    gone.marks.follow([run("r1", [ERROR])]);
    expect(shown(gone)).toEqual([]);
  });

  test("the next run of the file takes them away when it starts", () => {
    const here = room();
    const first = run("r1", [ERROR]);
    here.marks.follow([first]);
    here.marks.follow([first, run("r2", null)]);
    expect(shown(here)).toEqual([]);
    here.marks.follow([first, run("r2", [{ ...ERROR, column: 5, message: "again" }])]);
    expect(shown(here)).toEqual([["a / 0", "again"]]);
  });
});
