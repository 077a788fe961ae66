import { Download, Ellipsis, FolderInput, FolderPlus, Plus, Upload, X } from "lucide-react";
import { lazy, Suspense, useRef } from "react";
import { useRoom } from "../collab";
import { useT } from "../i18n";
import { IconButton, Menu, MenuItem, MenuSeparator } from "../ui";
import { FileTree } from "./FileTree";
import { addFiles, downloadAll, importZip } from "./transfer";
import { useTree } from "./useTree";

const MoveDialog = lazy(() => import("./MoveDialog"));

/** The head of the panel and the tree. */
export function FilesPanel({ onClose, onOpen }: { onClose?: () => void; onOpen?: () => void }) {
  const t = useT();
  const tree = useTree();
  const { api, room, mayWrite } = useRoom();
  const uploads = useRef<HTMLInputElement>(null);
  const zips = useRef<HTMLInputElement>(null);

  const upload = async (chosen: FileList | null) => {
    if (!chosen) return;
    const ids = await addFiles(api, tree.room.files, tree.currentFolder(), chosen);
    const [first] = ids;
    if (first) tree.room.tabs.open(first);
  };

  return (
    <>
      <div className="flex h-(--h-tabs) shrink-0 items-center gap-1 pr-2 pl-3">
        <h2 className="flex-1 text-12 font-semibold text-text-2">{t("room.files")}</h2>
        {mayWrite && (
          <IconButton
            icon={Plus}
            label={t("files.newFile")}
            onClick={() => tree.startNew("file", tree.currentFolder())}
          />
        )}
        <Menu
          align="end"
          onCloseAutoFocus={(event) => (tree.editing || tree.moving) && event.preventDefault()}
          trigger={<IconButton icon={Ellipsis} label={t("files.more")} />}
        >
          {mayWrite && (
            <>
              <MenuItem
                icon={FolderPlus}
                onSelect={() => tree.startNew("folder", tree.currentFolder())}
              >
                {t("files.newFolder")}
              </MenuItem>
              <MenuItem icon={Upload} onSelect={() => uploads.current?.click()}>
                {t("files.upload")}
              </MenuItem>
              <MenuItem icon={FolderInput} onSelect={() => zips.current?.click()}>
                {t("room.importZip")}
              </MenuItem>
              <MenuSeparator />
            </>
          )}
          <MenuItem icon={Download} onSelect={() => void downloadAll(api, room.name)}>
            {t("room.downloadZip")}
          </MenuItem>
        </Menu>
        {onClose && <IconButton icon={X} label={t("room.closeFiles")} onClick={onClose} />}
        <input
          ref={uploads}
          type="file"
          multiple
          hidden
          aria-label={t("files.upload")}
          onChange={(event) => {
            void upload(event.target.files).then(() => onOpen?.());
            event.target.value = "";
          }}
        />
        <input
          ref={zips}
          type="file"
          accept=".zip,application/zip"
          hidden
          aria-label={t("room.importZip")}
          onChange={(event) => {
            const [zip] = event.target.files ?? [];
            if (zip) void importZip(api, zip);
            event.target.value = "";
          }}
        />
      </div>
      <FileTree tree={tree} mayWrite={mayWrite} {...(onOpen && { onOpen })} />
      {tree.moving && (
        <Suspense>
          <MoveDialog tree={tree} row={tree.moving} />
        </Suspense>
      )}
    </>
  );
}
