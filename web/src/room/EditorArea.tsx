import { FilePlus, FileText } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useOpenFile, useOpenRoom, useRoom } from "../collab";
import { Editor } from "../editor/Editor";
import { SymbolKeys } from "../editor/SymbolKeys";
import { useT } from "../i18n";
import { FollowBanner } from "../people/FollowBanner";
import { Button, Empty, Skeleton } from "../ui";

/** The text in front, or what to do without one. */
export function EditorArea() {
  const { fileId } = useOpenFile();
  const shape = fileId === null ? {} : { role: "tabpanel", "aria-labelledby": `tab-${fileId}` };
  return (
    <>
      <FollowBanner />
      <div
        id="editor"
        {...shape}
        data-panel="editor"
        className="relative min-h-0 flex-1 bg-surface-1"
      >
        {fileId === null ? <NoFile /> : <Editor key={fileId} fileId={fileId} />}
      </div>
      <SymbolKeys />
    </>
  );
}

function NoFile() {
  const t = useT();
  const { files, tabs } = useOpenRoom();
  const { save, mayWrite } = useRoom();
  const entries = useSyncExternalStore(files.changed.subscribe, () => files.entries);
  const waiting = entries.length === 0 && (save.kind === "connecting" || save.kind === "offline");
  if (waiting) {
    return (
      <Skeleton
        label={t("app.loading")}
        rows={[40, 62, 0, 55, 48, 70, 30]}
        rowHeight={21}
        className="p-4"
      />
    );
  }
  if (entries.some((entry) => !entry.folder)) {
    return (
      <Empty icon={FileText} title={t("editor.noFileOpen")} className="h-full content-center">
        {t("editor.noFileOpenText")}
      </Empty>
    );
  }
  return (
    <Empty
      icon={FileText}
      title={t("editor.emptyTitle")}
      className="h-full content-center"
      actions={
        mayWrite && (
          <Button icon={FilePlus} onClick={() => tabs.open(files.create("main.py"), { line: 1 })}>
            {t("files.newFile")}
          </Button>
        )
      }
    >
      {t("editor.emptyText")}
    </Empty>
  );
}
