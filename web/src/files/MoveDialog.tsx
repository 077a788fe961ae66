import { Folder } from "lucide-react";
import { useState } from "react";
import { useT } from "../i18n";
import { Button, cx, Dialog, Icon } from "../ui";
import { isInside, join, nameOf, parentOf } from "./paths";
import { folderPaths, type Row } from "./rows";
import type { Tree } from "./useTree";

/** The keyboard's twin of dragging a file to another folder. */
export default function MoveDialog({ tree, row }: { tree: Tree; row: Row }) {
  const t = useT();
  const [chosen, setChosen] = useState(parentOf(row.path));
  const folders = folderPaths(tree.room.files.entries).filter(
    (path) => !(row.folder && isInside(path, row.path)),
  );
  const close = () => tree.setMoving(null);
  const move = () => {
    close();
    tree.move(row, join(chosen, nameOf(row.path)));
  };
  return (
    <Dialog
      open
      onOpenChange={close}
      title={t("files.moveTitle", { name: row.name })}
      footer={
        <>
          <Button variant="quiet" onClick={close}>
            {t("files.cancel")}
          </Button>
          <Button variant="ink" onClick={move}>
            {t("files.moveHere")}
          </Button>
        </>
      }
    >
      <fieldset className="max-h-64 overflow-auto rounded-2 border border-line bg-surface-1 py-1">
        <legend className="sr-only">{t("files.folder")}</legend>
        {folders.map((path) => (
          <label
            key={path}
            className={cx(
              "flex h-(--h-row) cursor-pointer items-center gap-1.5 px-3 has-checked:bg-surface-3 has-checked:font-medium",
              "has-focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]",
            )}
          >
            <input
              type="radio"
              name="folder"
              className="sr-only"
              checked={chosen === path}
              onChange={() => setChosen(path)}
            />
            <Icon of={Folder} />
            <span className="truncate">{path === "" ? t("files.topLevel") : path}</span>
          </label>
        ))}
      </fieldset>
    </Dialog>
  );
}
