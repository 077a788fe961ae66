/** The rules of docs/api.md for the names of files. */
export const LONGEST_PATH = 200;

export type PathProblem = "empty" | "long" | "parts" | "characters" | "taken";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f\\]/;

/** Null when `path` may be the name of a file. */
export function pathProblem(path: string): PathProblem | null {
  if (path === "") return "empty";
  if (path.length > LONGEST_PATH) return "long";
  if (FORBIDDEN.test(path)) return "characters";
  const parts = path.split("/");
  return parts.some((part) => part === "" || part === "." || part === "..") ? "parts" : null;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** True for the folder itself and all below it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** `graph.py` and 2 become `graph (2).py`. */
export function numbered(path: string, number: number): string {
  const folder = parentOf(path);
  const name = nameOf(path);
  const dot = name.lastIndexOf(".");
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  return join(folder, `${stem} (${number})${extension}`);
}

/** The path itself, or with the first number that nobody has. */
export function freePath(path: string, taken: ReadonlySet<string>): string {
  if (!taken.has(path)) return path;
  let number = 2;
  while (taken.has(numbered(path, number))) number += 1;
  return numbered(path, number);
}

export interface Named {
  id: string;
  path: string;
}

/** Gives files that claim one path different names; the smallest id keeps the path. */
export function shownPaths(files: readonly Named[]): Map<string, string> {
  const shown = new Map<string, string>();
  const claimed = new Map<string, number>();
  for (const { id, path } of [...files].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const count = (claimed.get(path) ?? 0) + 1;
    claimed.set(path, count);
    shown.set(id, count === 1 ? path : numbered(path, count));
  }
  return shown;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** 16 characters; every one of the 36 is equally likely. */
export function newFileId(): string {
  let id = "";
  while (id.length < 16) {
    for (const byte of crypto.getRandomValues(new Uint8Array(24))) {
      if (byte < 252 && id.length < 16) id += ALPHABET[byte % 36];
    }
  }
  return id;
}

export function unixLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
