import { Download, FilePlus, FolderInput, FolderPlus, Pencil, Trash2 } from "lucide-react";
import { useT } from "../i18n";
import { MenuItem, MenuSeparator } from "../ui";
import type { Row } from "./rows";
import { downloadFile } from "./transfer";
import type { Tree } from "./useTree";

/** What can be done with a row; the same in the context menu and behind the dots. */
export function RowMenu({ tree, row, mayWrite }: { tree: Tree; row: Row; mayWrite: boolean }) {
  const t = useT();
  const { files, tabs } = tree.room;
  const { id } = row;
  return (
    <>
      {mayWrite && row.folder && (
        <>
          <MenuItem icon={FilePlus} onSelect={() => tree.startNew("file", row.path)}>
            {t("files.newFile")}
          </MenuItem>
          <MenuItem icon={FolderPlus} onSelect={() => tree.startNew("folder", row.path)}>
            {t("files.newFolder")}
          </MenuItem>
          <MenuSeparator />
        </>
      )}
      {mayWrite && (
        <>
          <MenuItem
            icon={Pencil}
            keys="F2"
            onSelect={() => tree.setEditing({ kind: "rename", row })}
          >
            {t("files.rename")}
          </MenuItem>
          <MenuItem icon={FolderInput} onSelect={() => tree.setMoving(row)}>
            {t("files.move")}
          </MenuItem>
        </>
      )}
      {mayWrite && !row.folder && id && (
        <MenuItem
          icon={FilePlus}
          onSelect={() => {
            const copy = files.duplicate(id);
            if (copy) tabs.open(copy);
          }}
        >
          {t("files.duplicate")}
        </MenuItem>
      )}
      {!row.folder && id && (
        <MenuItem icon={Download} onSelect={() => downloadFile(files, id)}>
          {t("files.download")}
        </MenuItem>
      )}
      {mayWrite && (
        <>
          <MenuSeparator />
          <MenuItem icon={Trash2} keys="Delete" danger onSelect={() => tree.remove(row)}>
            {t("files.delete")}
          </MenuItem>
        </>
      )}
    </>
  );
}
