import type { FileEntry } from "./list";
import { nameOf, parentOf } from "./paths";

export interface Row {
  path: string;
  name: string;
  /** From 0. */
  level: number;
  folder: boolean;
  open: boolean;
  /** Files and kept folders; implied folders have none. */
  id: string | null;
}

interface Node {
  path: string;
  folder: boolean;
  id: string | null;
  children: Node[];
}

const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function byKindAndName(a: Node, b: Node): number {
  if (a.folder !== b.folder) return a.folder ? -1 : 1;
  return order.compare(nameOf(a.path), nameOf(b.path));
}

function grow(entries: readonly FileEntry[]): Node {
  const root: Node = { path: "", folder: true, id: null, children: [] };
  const folders = new Map<string, Node>([["", root]]);
  const folderAt = (path: string): Node => {
    const known = folders.get(path);
    if (known) return known;
    const made: Node = { path, folder: true, id: null, children: [] };
    folders.set(path, made);
    folderAt(parentOf(path)).children.push(made);
    return made;
  };
  for (const { id, path, folder } of entries) {
    if (folder) folderAt(path).id = id;
    else folderAt(parentOf(path)).children.push({ path, folder: false, id, children: [] });
  }
  return root;
}

/** The rows of the tree as they are shown; folders first, closed ones without their content. */
export function treeRows(entries: readonly FileEntry[], closed: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const add = (node: Node, level: number) => {
    for (const { path, folder, id, children } of node.children.sort(byKindAndName)) {
      const open = folder && !closed.has(path);
      rows.push({ path, name: nameOf(path), level, folder, open, id });
      if (open) add({ path, folder, id, children }, level + 1);
    }
  };
  add(grow(entries), 0);
  return rows;
}

/** Every folder, for choosing one; the top level is "". */
export function folderPaths(entries: readonly FileEntry[]): string[] {
  const rows = treeRows(entries, new Set());
  return ["", ...rows.filter((row) => row.folder).map((row) => row.path)];
}
