/** A place in a file of the room, named in what a program printed. */
export interface Place {
  /** Where in the text, end excluded. */
  from: number;
  to: number;
  path: string;
  line: number;
  /** 0 is not known. */
  column: number;
}

const LONGEST = 2_000;
/** `File "/work/a.py", line 3`, `a.py:3:1`, `/work/a.py:3`, `a.cs(3,1)`, `a.lua:3:` */
const NAMED =
  /(?:File "(?<quoted>[^"\n]{1,200})", line (?<number>\d{1,7}))|(?<path>[^\s"'()[\]<>:,]{1,200})(?::(?<line>\d{1,7})(?::(?<column>\d{1,5}))?|\((?<row>\d{1,7}),(?<at>\d{1,5})\))/gu;

function known(said: string, paths: ReadonlySet<string>): string | null {
  const path = said.replace(/^\/work\//, "").replace(/^\.\//, "");
  return paths.has(path) ? path : null;
}

/** The places that a line of output names, in order. */
export function placesIn(text: string, paths: ReadonlySet<string>): Place[] {
  if (text.length > LONGEST || !/\d/.test(text)) return [];
  return [...text.matchAll(NAMED)].flatMap((match) => {
    const { quoted, number, path, line, column, row, at } = match.groups ?? {};
    const found = known(quoted ?? path ?? "", paths);
    if (found === null) return [];
    const from = match.index;
    const lineNumber = Number(number ?? line ?? row);
    const columnNumber = Number(column ?? at ?? 0);
    return [
      { from, to: from + match[0].length, path: found, line: lineNumber, column: columnNumber },
    ];
  });
}
