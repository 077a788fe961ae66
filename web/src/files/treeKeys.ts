import type { KeyboardEvent } from "react";
import { parentOf } from "./paths";
import type { Row } from "./rows";
import type { Tree } from "./useTree";

/** The keys of a tree: arrows walk, Enter opens, F2 renames, Delete deletes. */
export function onTreeKey(event: KeyboardEvent<HTMLElement>, tree: Tree, mayWrite: boolean): void {
  const { rows } = tree;
  const at = rows.findIndex((row) => row.path === tree.focused);
  const row = rows[at];
  if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
  const act = actionOf(event.key, tree, row, at, mayWrite);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(
  key: string,
  tree: Tree,
  row: Row,
  at: number,
  mayWrite: boolean,
): (() => void) | null {
  const go = (to: Row | undefined) => (to ? () => focusRow(tree, to.path) : null);
  switch (key) {
    case "ArrowDown":
      return go(tree.rows[at + 1]);
    case "ArrowUp":
      return go(tree.rows[at - 1]);
    case "Home":
      return go(tree.rows[0]);
    case "End":
      return go(tree.rows.at(-1));
    case "ArrowRight":
      if (!row.folder) return null;
      return row.open ? go(tree.rows[at + 1]) : () => tree.setOpen(row.path, true);
    case "ArrowLeft":
      if (row.folder && row.open) return () => tree.setOpen(row.path, false);
      return go(tree.rows.find((one) => one.path === parentOf(row.path)));
    case "Enter":
    case " ":
      return () => {
        if (row.folder) tree.setOpen(row.path, !row.open);
        else if (row.id) tree.room.tabs.open(row.id);
      };
    case "F2":
      return mayWrite ? () => tree.setEditing({ kind: "rename", row }) : null;
    case "Delete":
      return mayWrite ? () => tree.remove(row) : null;
    default:
      return typeAhead(key, tree, at);
  }
}

function typeAhead(key: string, tree: Tree, at: number): (() => void) | null {
  if (key.length !== 1) return null;
  const later = [...tree.rows.slice(at + 1), ...tree.rows.slice(0, at + 1)];
  const found = later.find((row) => row.name.toLowerCase().startsWith(key.toLowerCase()));
  return found ? () => focusRow(tree, found.path) : null;
}

export function focusRow(tree: Tree, path: string): void {
  tree.setFocused(path);
  const row = document.querySelector<HTMLElement>(
    `[role=treeitem][data-path="${CSS.escape(path)}"]`,
  );
  row?.focus();
}
