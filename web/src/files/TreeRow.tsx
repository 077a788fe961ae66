import { ChevronDown, ChevronRight, Ellipsis, File } from "lucide-react";
import type { CSSProperties, DragEvent } from "react";
import type { Person } from "../collab";
import { useT } from "../i18n";
import { PeopleDots } from "../people/PeopleDots";
import { ContextMenu, cx, Icon, Menu } from "../ui";
import { NameField } from "./NameField";
import { parentOf } from "./paths";
import { RowMenu } from "./RowMenu";
import type { Row } from "./rows";
import type { Tree } from "./useTree";

export interface TreeRowProps {
  tree: Tree;
  row: Row;
  /** In the tab order: one row of the tree is. */
  tabbable: boolean;
  people: readonly Person[];
  mayWrite: boolean;
  drop: { target: string | null; over(path: string | null): void; onDrop(event: DragEvent): void };
}

export const ROW_MIME = "application/x-sangam-path";

export function TreeRow(props: TreeRowProps) {
  const { tree, row, tabbable, people, mayWrite, drop } = props;
  const renaming = tree.editing?.kind === "rename" && tree.editing.row.path === row.path;
  const folder = row.folder ? row.path : parentOf(row.path);
  if (renaming) return <RenamedRow tree={tree} row={row} />;
  const open = () => {
    tree.setFocused(row.path);
    if (row.folder) tree.setOpen(row.path, !row.open);
    else if (row.id) {
      tree.room.following.stop();
      tree.room.tabs.open(row.id);
    }
  };
  const keepFocus = (event: Event) => (tree.editing || tree.moving) && event.preventDefault();
  return (
    <ContextMenu
      menu={<RowMenu tree={tree} row={row} mayWrite={mayWrite} />}
      onCloseAutoFocus={keepFocus}
    >
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it answers the keys */}
      <div
        role="treeitem"
        aria-level={row.level + 1}
        aria-expanded={row.folder ? row.open : undefined}
        aria-selected={row.id !== null && row.id === tree.active}
        aria-label={row.name}
        tabIndex={tabbable ? 0 : -1}
        data-path={row.path}
        draggable={mayWrite}
        className={cx(
          "group flex h-(--h-row) w-full cursor-pointer items-center gap-1.5 pr-1.5 select-none",
          "text-text-2 hover:bg-surface-3 aria-selected:bg-surface-3 aria-selected:font-medium aria-selected:text-text-1",
          "focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]!",
          drop.target === row.path && row.folder && "bg-accent-soft",
        )}
        style={{ paddingLeft: `${12 + row.level * 14}px` } as CSSProperties}
        onClick={open}
        onFocus={() => tree.setFocused(row.path)}
        onDragStart={(event) => {
          event.dataTransfer.setData(ROW_MIME, row.path);
          event.dataTransfer.effectAllowed = "move";
        }}
        onDragOver={(event) => {
          if (!mayWrite) return;
          event.preventDefault();
          event.stopPropagation();
          drop.over(folder);
        }}
        onDrop={drop.onDrop}
      >
        <Icon of={row.folder ? (row.open ? ChevronDown : ChevronRight) : File} />
        <span className="min-w-0 flex-1 truncate py-0.5">{row.name}</span>
        <PeopleDots people={people} />
        <RowActions tree={tree} row={row} mayWrite={mayWrite} />
      </div>
    </ContextMenu>
  );
}

function RenamedRow({ tree, row }: { tree: Tree; row: Row }) {
  const t = useT();
  return (
    <div
      role="none"
      className="flex min-h-(--h-row) items-center gap-1.5 pr-1.5 text-text-2"
      style={{ paddingLeft: `${12 + row.level * 14}px` }}
    >
      <Icon of={row.folder ? ChevronRight : File} />
      <NameField
        label={t("files.renameTo", { name: row.name })}
        folder={parentOf(row.path)}
        initial={row.name}
        taken={tree.taken}
        onDone={tree.finish}
        onCancel={() => tree.setEditing(null)}
      />
    </div>
  );
}

/** Out of the way of a mouse until it is near, always there for a finger. */
function RowActions({ tree, row, mayWrite }: { tree: Tree; row: Row; mayWrite: boolean }) {
  const t = useT();
  const label = t("files.actions", { name: row.name });
  return (
    <span
      role="none"
      className="hidden shrink-0 group-hover:flex group-focus-visible:flex has-aria-expanded:flex touch:flex"
      onClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <Menu
        align="end"
        onCloseAutoFocus={(event) => (tree.editing || tree.moving) && event.preventDefault()}
        trigger={
          <button
            type="button"
            tabIndex={-1}
            aria-label={label}
            className="grid size-6 place-items-center rounded-1 text-text-2 hover:text-text-1 touch:size-10"
          >
            <Icon of={Ellipsis} />
          </button>
        }
      >
        <RowMenu tree={tree} row={row} mayWrite={mayWrite} />
      </Menu>
    </span>
  );
}
