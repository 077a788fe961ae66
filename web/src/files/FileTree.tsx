import { File, Folder } from "lucide-react";
import { type DragEvent, useState } from "react";
import { usePeople } from "../collab";
import { useT } from "../i18n";
import { byFile } from "../people/PeopleDots";
import { cx, Icon } from "../ui";
import { NameField } from "./NameField";
import { join, nameOf } from "./paths";
import { ROW_MIME, TreeRow } from "./TreeRow";
import { addDropped } from "./transfer";
import { onTreeKey } from "./treeKeys";
import type { Tree } from "./useTree";

interface FileTreeProps {
  tree: Tree;
  mayWrite: boolean;
  /** A file was opened by hand. */
  onOpen?: () => void;
}

const NOBODY: readonly never[] = [];

export function FileTree({ tree, mayWrite, onOpen }: FileTreeProps) {
  const t = useT();
  const people = byFile(usePeople());
  const [target, setTarget] = useState<string | null>(null);
  const { rows, editing, room } = tree;
  const focusable = rows.some((row) => row.path === tree.focused) ? tree.focused : rows[0]?.path;

  const onDrop = (event: DragEvent) => {
    if (!mayWrite) return;
    event.preventDefault();
    event.stopPropagation();
    const folder = target ?? "";
    setTarget(null);
    const path = event.dataTransfer.getData(ROW_MIME);
    const row = rows.find((one) => one.path === path);
    if (row) tree.move(row, join(folder, nameOf(row.path)));
    else
      void addDropped(room.api, room.files, folder, event.dataTransfer).then(([first]) => {
        if (first) room.tabs.open(first);
      });
  };

  return (
    <nav
      aria-label={t("room.files")}
      className={cx("min-h-0 flex-1 overflow-auto", target === "" && "bg-accent-soft")}
      onDragOver={(event) => {
        if (!mayWrite) return;
        event.preventDefault();
        setTarget("");
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setTarget(null);
      }}
      onDrop={onDrop}
    >
      {editing?.kind === "new" && <NewRow tree={tree} />}
      <div
        role="tree"
        aria-label={t("files.tree")}
        className="pb-6"
        onKeyDown={(event) => {
          if (event.target instanceof HTMLInputElement) return;
          onTreeKey(event, tree, mayWrite);
          if (event.key === "Enter") onOpen?.();
        }}
        onClick={(event) => {
          const row = (event.target as Element).closest("[role=treeitem]");
          if (row && !row.hasAttribute("aria-expanded")) onOpen?.();
        }}
      >
        {rows.map((row) => (
          <TreeRow
            key={row.id ?? row.path}
            tree={tree}
            row={row}
            tabbable={row.path === focusable}
            people={(row.id !== null && people.get(row.id)) || NOBODY}
            mayWrite={mayWrite}
            drop={{ target, over: setTarget, onDrop }}
          />
        ))}
      </div>
    </nav>
  );
}

function NewRow({ tree }: { tree: Tree }) {
  const t = useT();
  const { editing } = tree;
  if (editing?.kind !== "new") return null;
  const folder = editing.what === "folder";
  const level = editing.folder === "" ? 0 : editing.folder.split("/").length;
  return (
    <div
      className="flex min-h-(--h-row) items-center gap-1.5 pr-2"
      style={{ paddingLeft: `${12 + level * 14}px` }}
    >
      <Icon of={folder ? Folder : File} />
      <NameField
        label={t(folder ? "files.newFolderName" : "files.newFileName")}
        folder={editing.folder}
        initial=""
        taken={tree.taken}
        onDone={tree.finish}
        onCancel={() => tree.setEditing(null)}
      />
    </div>
  );
}
