import { LoaderCircle } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useOpenFile, useOpenRoom, useRoom } from "../collab";
import { useEditorSettings } from "../editor/workbench";
import { useT } from "../i18n";
import { useDesk } from "../run/desk";
import type { Run } from "../run/log";
import { State } from "../ui";
import { Screen } from "./screen";
import { sizeOf, TerminalSession } from "./session";
import { TerminalKeys } from "./TerminalKeys";
import "./terminal.css";

/** A divider that is being dragged changes the size with every frame. */
const SETTLED_MS = 80;

/** The terminal of a run; everybody sees it, who may write types into it. */
export default function TerminalView({ run }: { run: Run }) {
  const t = useT();
  const { rights } = useRoom();
  const mayType = rights.has("terminal");
  const host = useRef<HTMLDivElement>(null);
  const { session, up } = useSession(run, host, mayType);
  const typing = mayType && run.finished === null;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col bg-surface-1">
      <div className="terminal-scroller" data-testid="terminal">
        <div ref={host} className="terminal-host" />
      </div>
      {typing && !up && (
        <State icon={LoaderCircle} tone="warn" pill className="absolute top-2 right-4">
          {t("terminal.connecting")}
        </State>
      )}
      {!mayType && run.finished === null && (
        <p className="border-t border-line px-3 py-1.5 text-12 text-text-3">
          {t("terminal.watching")}
        </p>
      )}
      {typing && <TerminalKeys onType={(text) => session.current?.type(text)} />}
    </div>
  );
}

function useSession(run: Run, host: React.RefObject<HTMLDivElement | null>, mayType: boolean) {
  const t = useT();
  const { api } = useRoom();
  const { files } = useOpenRoom();
  const { openPath } = useOpenFile();
  const { desk, state } = useDesk();
  const { fontSize, terminalReader } = useEditorSettings();
  const [up, setUp] = useState(true);
  const session = useRef<TerminalSession | null>(null);
  const screen = useRef<Screen | null>(null);
  const first = useRef(run);
  const jump = useRef(openPath);
  jump.current = openPath;

  // biome-ignore lint/correctness/useExhaustiveDependencies: one screen for one run, whose changes follow below
  useEffect(() => {
    if (!host.current) return;
    const drawn = new Screen({
      parent: host.current,
      label: t("terminal.label", { path: run.path ?? "" }),
      size: sizeOf(run.tape ?? []),
      fontSize,
      onType: (text) => session.current?.type(text),
      paths: () => new Set(files.entries.map(({ path }) => path)),
      onPlace: ({ path, line, column }) => jump.current(path, { line, column: column || 1 }),
    });
    const made = new TerminalSession(drawn, mayType ? api.terminalUrl(run.id) : null, setUp);
    drawn.lock(!mayType);
    screen.current = drawn;
    session.current = made;
    made.update(first.current);
    const stop = watchRoom(host.current, drawn, made);
    return () => {
      stop();
      made.close();
      drawn.dispose();
      session.current = null;
    };
  }, [run.id]);

  useEffect(() => session.current?.update(run), [run]);
  useEffect(() => screen.current?.setFont(fontSize), [fontSize]);
  useEffect(() => screen.current?.setReader(terminalReader), [terminalReader]);
  useEffect(() => {
    if (state.focus !== run.id) return;
    desk.set({ focus: null });
    screen.current?.focus();
  }, [desk, state.focus, run.id]);
  return { session, up };
}

/** Whoever types in it has it as large as their panel; for the others it is drawn to fit. */
function watchRoom(host: HTMLElement, screen: Screen, session: TerminalSession): () => void {
  let later = 0;
  const fit = () => {
    if (screen.hasFocus) session.claim();
    else screen.refit();
  };
  const watcher = new ResizeObserver(() => {
    clearTimeout(later);
    later = window.setTimeout(fit, SETTLED_MS);
  });
  watcher.observe(host);
  const claim = () => session.claim();
  screen.field?.addEventListener("focus", claim);
  return () => {
    watcher.disconnect();
    clearTimeout(later);
    screen.field?.removeEventListener("focus", claim);
  };
}
