import { Trash2 } from "lucide-react";
import { useCallback, useMemo, useState, useSyncExternalStore } from "react";
import { useOpenRoom } from "../collab";
import { t } from "../i18n";
import { toast } from "../ui";
import { isInside, join, nameOf, parentOf } from "./paths";
import { type Row, treeRows } from "./rows";

/** A name being typed into the tree. */
export type Editing =
  | { kind: "new"; folder: string; what: "file" | "folder" }
  | { kind: "rename"; row: Row }
  | null;

/** The tree's own state, and what can be done to the files in it. */
export function useTree() {
  const room = useOpenRoom();
  const { files, tabs } = room;
  const entries = useSyncExternalStore(files.changed.subscribe, () => files.entries);
  const active = useSyncExternalStore(tabs.changed.subscribe, () => tabs.active);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const [editing, setEditing] = useState<Editing>(null);
  const [moving, setMoving] = useState<Row | null>(null);
  const rows = useMemo(() => treeRows(entries, closed), [entries, closed]);

  const setOpen = useCallback((path: string, open: boolean) => {
    setClosed((before) => {
      const next = new Set(before);
      if (open) next.delete(path);
      else next.add(path);
      return next;
    });
  }, []);

  const startNew = (what: "file" | "folder", folder = "") => {
    if (folder !== "") setOpen(folder, true);
    setEditing({ kind: "new", folder, what });
  };

  const finish = (name: string) => {
    if (!editing) return;
    setEditing(null);
    if (editing.kind === "rename") {
      move(editing.row, join(parentOf(editing.row.path), name));
    } else {
      const path = join(editing.folder, name);
      if (editing.what === "folder") files.createFolder(path);
      else tabs.open(files.create(path), { line: 1 });
      setFocused(path);
    }
  };

  const move = (row: Row, to: string) => {
    if (to === row.path || (row.folder && isInside(to, row.path))) return;
    if (row.folder) files.move(row.path, to);
    else if (row.id) files.moveFile(row.id, to);
    setFocused(to);
  };

  const remove = (row: Row) => {
    const gone = row.folder ? files.under(row.path) : files.entries.filter((e) => e.id === row.id);
    const wasOpen = tabs.active;
    const restore = files.remove(gone.map((entry) => entry.id));
    const count = gone.filter((entry) => !entry.folder).length;
    const several = row.folder && count > 0;
    const undo = () => {
      restore();
      if (wasOpen && gone.some((entry) => entry.id === wasOpen)) tabs.open(wasOpen);
    };
    toast({
      text: t(several ? "files.deletedMany" : "files.deleted", { name: row.name, count }),
      icon: Trash2,
      action: { label: t("files.undo"), run: undo },
    });
  };

  /** The folder new things go to: the focused one, or the one around the focused file. */
  const currentFolder = (): string => {
    const row = rows.find((one) => one.path === focused);
    if (!row) return "";
    return row.folder ? row.path : parentOf(row.path);
  };

  const taken = (path: string): boolean => files.takenPaths().has(path);
  const title = (row: Row) => nameOf(row.path);
  return {
    room,
    rows,
    active,
    focused,
    setFocused,
    editing,
    setEditing,
    moving,
    setMoving,
    setOpen,
    startNew,
    finish,
    move,
    remove,
    currentFolder,
    taken,
    title,
  };
}

export type Tree = ReturnType<typeof useTree>;
