import { useEffect, useRef, useSyncExternalStore } from "react";
import { useOpenFile, useOpenRoom, useRoom } from "../collab";
import "./editor.css";
import { detectIndent } from "./indent";
import { RunningEditor } from "./open";
import { useEditorSettings, useWorkbench } from "./workbench";

/** The shared text of one file. */
export function Editor({ fileId }: { fileId: string }) {
  const open = useOpenRoom();
  const { mayWrite } = useRoom();
  const { path } = useOpenFile();
  const workbench = useWorkbench();
  const settings = useEditorSettings();
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<RunningEditor | null>(null);
  const text = useSyncExternalStore(open.files.changed.subscribe, () => open.files.text(fileId));
  const jump = useSyncExternalStore(open.tabs.changed.subscribe, () => open.tabs.jump);

  useEffect(() => {
    if (!host.current || !text) return;
    const running = new RunningEditor({
      parent: host.current,
      room: open,
      workbench,
      fileId,
      text,
    });
    editor.current = running;
    workbench.attach(running.view);
    return () => {
      editor.current = null;
      workbench.attach(null);
      running.close();
    };
  }, [open, workbench, fileId, text]);

  useEffect(() => {
    if (text && path !== null) editor.current?.setPath(path, mayWrite);
  }, [text, path, mayWrite]);

  useEffect(() => {
    const running = editor.current;
    if (!running || !text) return;
    const shown = detectIndent(
      running.view.state.doc.iterLines(1, Math.min(400, running.view.state.doc.lines) + 1),
    );
    running.setIndent(workbench.settings.indentOf(fileId) ?? shown ?? settings.indent);
    running.setWrap(settings.wrap);
    running.view.requestMeasure();
  }, [text, fileId, settings, workbench]);

  useEffect(() => {
    if (jump && jump.fileId === fileId && text) editor.current?.jumpTo(jump);
  }, [jump, fileId, text]);

  useEffect(() => {
    const show = () => void editor.current?.showMarks(text ? workbench.marksOf(fileId) : []);
    show();
    return workbench.marked.subscribe(show);
  }, [text, fileId, workbench]);

  const lineHeight = Math.round(settings.fontSize * 1.615);
  return (
    <div
      ref={host}
      className="editor-host"
      data-ligatures={settings.ligatures}
      style={
        {
          "--editor-size": `${settings.fontSize}px`,
          "--editor-line": `${lineHeight}px`,
        } as React.CSSProperties
      }
    />
  );
}
