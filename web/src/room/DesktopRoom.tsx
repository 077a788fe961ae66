import { useEffect, useRef } from "react";
import { ChatPanel } from "../chat";
import { FilesPanel } from "../files/FilesPanel";
import { useT } from "../i18n";
import { PeoplePanel } from "../people/PeoplePanel";
import { RunButton } from "../run";
import { useMedia } from "../ui";
import { EditorArea } from "./EditorArea";
import { LowerPanel } from "./LowerPanel";
import { FIRST, useLayout } from "./layout";
import { Resizer } from "./Resizer";
import { StatusLine } from "./StatusLine";
import { TabBar } from "./TabBar";

const SMALLEST_RUN = 120;

/** Three columns, or two and a drawer under 1181 pixels. */
export function DesktopRoom() {
  const t = useT();
  const narrow = useMedia("(max-width: 1180px)");
  const [layout, setLayout] = useLayout();
  return (
    <>
      <div className="relative flex min-h-0 flex-1">
        {layout.filesOpen && (
          <aside
            aria-label={t("room.filesAndPeople")}
            data-panel="files"
            className="relative flex min-h-0 shrink-0 flex-col bg-surface-2"
            style={{ width: narrow && layout.files === FIRST.files ? 208 : layout.files }}
          >
            <FilesPanel onClose={() => setLayout({ filesOpen: false })} />
            <PeoplePanel />
            <Resizer
              className="absolute inset-y-0 right-0"
              label={t("room.resizeFiles")}
              orientation="vertical"
              value={layout.files}
              min={160}
              max={420}
              step={16}
              first={FIRST.files}
              valueAt={(start, pixels) => start + pixels}
              onChange={(files) => setLayout({ files })}
            />
          </aside>
        )}
        <Middle />
        {!narrow && layout.chatOpen && (
          <aside
            aria-label={t("room.chat")}
            data-panel="chat"
            className="relative flex min-h-0 shrink-0 flex-col bg-surface-2"
            style={{ width: layout.chat }}
          >
            <Resizer
              className="absolute inset-y-0 left-0"
              label={t("room.resizeChat")}
              orientation="vertical"
              value={layout.chat}
              min={240}
              max={480}
              step={16}
              first={FIRST.chat}
              valueAt={(start, pixels) => start - pixels}
              onChange={(chat) => setLayout({ chat })}
            />
            <ChatPanel onClose={() => setLayout({ chatOpen: false })} />
          </aside>
        )}
        {narrow && layout.drawer && <Drawer />}
      </div>
      <StatusLine />
    </>
  );
}

/** Over the editor, which keeps its size. */
function Drawer() {
  const t = useT();
  const [, setLayout] = useLayout();
  return (
    <aside
      aria-label={t("room.chat")}
      data-panel="chat"
      className="absolute inset-y-0 right-0 z-(--z-drawer) flex w-80 max-w-full flex-col border-l border-line bg-surface-2 shadow-2"
      onKeyDown={(event) => event.key === "Escape" && setLayout({ drawer: false })}
    >
      <ChatPanel onClose={() => setLayout({ drawer: false })} />
    </aside>
  );
}

function Middle() {
  const t = useT();
  const [layout, setLayout] = useLayout();
  const box = useRef<HTMLElement>(null);
  const run = useRef<HTMLDivElement>(null);
  useToastPlace(run);
  const percent = (pixels: number) => (pixels / (box.current?.clientHeight || 800)) * 100;
  return (
    <main id="main" ref={box} className="flex min-w-0 flex-1 flex-col bg-surface-1">
      <TabBar end={<RunButton />} />
      <EditorArea />
      <Resizer
        label={t("room.resizeRun")}
        className="relative"
        orientation="horizontal"
        value={layout.run}
        min={15}
        max={60}
        step={2}
        first={FIRST.run}
        valueAt={(start, pixels) => start - percent(pixels)}
        onChange={(next) => setLayout({ run: next })}
      />
      <div
        ref={run}
        data-panel="run"
        className="flex shrink-0 flex-col"
        style={{ height: `${layout.run}%`, minHeight: SMALLEST_RUN }}
      >
        <LowerPanel />
      </div>
    </main>
  );
}

/** Notices float above the run panel, so that they cover no input. */
function useToastPlace(run: React.RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const panel = run.current;
    if (!panel) return;
    const place = () => {
      const space = window.innerHeight - panel.getBoundingClientRect().top;
      document.body.style.setProperty("--toast-bottom", `${Math.round(space)}px`);
    };
    const watcher = new ResizeObserver(place);
    watcher.observe(panel);
    return () => {
      watcher.disconnect();
      document.body.style.removeProperty("--toast-bottom");
    };
  }, [run]);
}
