import { ChevronUp, Copy, Square, Terminal, X } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import type { RunStatus } from "../api";
import { useRoom } from "../collab";
import { megabytes, sentence, useT } from "../i18n";
import { Button, copyText, Empty, givenName, IconButton, keyLabel, State, toast } from "../ui";
import { useDesk, useRuns } from "./desk";
import { ErrorPlaces } from "./ErrorPlaces";
import type { Run } from "./log";
import { LineView, OutputView } from "./OutputView";
import { HeadName, PanelHead } from "./PanelHead";
import { RunPicker } from "./RunPicker";
import { StdinRow } from "./StdinRow";
import { useRunState } from "./useRunState";

/** The terminal is a large part of the page, and many rooms never need one. */
const TerminalView = lazy(() => import("../terminal/TerminalView"));

export interface RunPanelProps {
  /** `strip` is the phone's 108 px: state, Stop and the last two lines. */
  layout?: "panel" | "strip" | "sheet";
  /** Opens the sheet from the strip. */
  onOpen?: () => void;
  onClose?: () => void;
}

/** What programs print, and what people type into them. */
export function RunPanel({ layout = "panel", onOpen, onClose }: RunPanelProps) {
  const t = useT();
  const run = useShownRun();
  if (layout === "strip") return <Strip run={run} {...(onOpen && { onOpen })} />;
  return (
    <section aria-label={t("run.panel")} className="@container flex h-full min-h-0 flex-1 flex-col">
      <PanelHead lead={<HeadName>{t("run.output")}</HeadName>}>
        <RunTools {...(onClose && { onClose })} />
      </PanelHead>
      <RunBody />
    </section>
  );
}

/** What the shown run printed, or its terminal. */
export function RunBody() {
  const run = useShownRun();
  const { rights } = useRoom();
  if (!run) return <NothingYet />;
  if (run.tape) {
    return (
      <>
        <Suspense fallback={<div className="flex-1 bg-surface-1" />}>
          <TerminalView key={run.id} run={run} />
        </Suspense>
        <TerminalEnding run={run} />
      </>
    );
  }
  return (
    <>
      <OutputView
        key={run.id}
        output={run.output}
        head={<Starter run={run} />}
        foot={<Ending run={run} />}
      />
      {run.finished === null && rights.has("run") && <StdinRow run={run.id} />}
    </>
  );
}

/** What there is to say beside a terminal, and only then. */
function TerminalEnding({ run }: { run: Run }) {
  if (!run.finished || run.finished.status === "ok") return null;
  return (
    <div className="max-h-24 shrink-0 overflow-y-auto border-t border-line bg-surface-1 px-3 py-1.5 font-code text-code leading-5 empty:hidden">
      <Ending run={run} />
    </div>
  );
}

/** The run that the panel shows: the chosen one, or else the newest. */
function useShownRun(): Run | null {
  const runs = useRuns();
  const { state } = useDesk();
  return runs.find(({ id }) => id === state.chosen) ?? runs.at(-1) ?? null;
}

/** State, Stop, earlier runs and so on: the end of the panel's head. */
export function RunTools({ onClose }: { onClose?: () => void }) {
  const t = useT();
  const runs = useRuns();
  const run = useShownRun();
  return (
    <>
      <div className="flex min-w-0 flex-1 items-center justify-end pl-2 @max-[560px]:order-last @max-[560px]:h-8 @max-[560px]:flex-none @max-[560px]:basis-full @max-[560px]:justify-start @max-[560px]:border-t @max-[560px]:border-line @max-[560px]:pl-3">
        <RunStateLine run={run} short={false} />
      </div>
      <div className="flex min-w-0 items-center justify-end gap-1.5 px-2 @max-[560px]:flex-1">
        {run && <StopButton run={run} />}
        {run && <RunPicker runs={runs} shown={run} />}
        {run && <CopyOutput run={run} />}
        {onClose && <IconButton label={t("run.close")} icon={X} onClick={onClose} />}
      </div>
    </>
  );
}

function RunStateLine({ run, short }: { run: Run | null; short: boolean }) {
  const { words, icon, tone, spin } = useRunState(run, short);
  const running = run !== null && run.finished === null;
  // Spoken when it ends, not ten times a second.
  return (
    <span role="status" aria-live={running ? "off" : "polite"} className="mr-1 flex min-w-0">
      <State icon={icon} tone={tone} spin={spin}>
        {words}
      </State>
    </span>
  );
}

function StopButton({ run }: { run: Run }) {
  const t = useT();
  const { desk } = useDesk();
  const { rights } = useRoom();
  if (run.finished || !rights.has("run")) return null;
  return (
    <Button icon={Square} onClick={() => void desk.stop(run.id)}>
      {t("run.stop")}
    </Button>
  );
}

function CopyOutput({ run }: { run: Run }) {
  const t = useT();
  const copy = async () => {
    if (await copyText(run.output.text)) toast({ text: t("run.copied"), icon: Copy });
    else toast({ text: t("run.notCopied"), tone: "error" });
  };
  if (run.output.empty) return null;
  return <IconButton label={t("run.copy")} icon={Copy} onClick={() => void copy()} />;
}

/** Who ran it is the first line. */
function Starter({ run }: { run: Run }) {
  const t = useT();
  const { members, me } = useRoom();
  const { state } = useDesk();
  if (!run.path) return <p className="text-text-3">{t("run.cutBeginning")}</p>;
  const name =
    state.config?.languages.find(({ id }) => id === run.language)?.name ?? run.language ?? "";
  const values = { path: run.path, language: `${name} ${run.version ?? ""}`.trim() };
  const author = givenName(members.get(run.author ?? "")?.name ?? t("run.somebody"));
  const words =
    run.author === me.id ? t("run.youRan", values) : t("run.ran", { ...values, name: author });
  return <p className="text-text-3">{words}</p>;
}

/** Where the state line leaves something to say. */
const EXPLAINED = new Set<RunStatus>(["failed", "compile_error", "internal_error"]);

/** An exit code alone is in the state line already. */
function explains({ status, signal, exitCode }: NonNullable<Run["finished"]>): boolean {
  return EXPLAINED.has(status) && !(status === "failed" && signal === null && exitCode !== null);
}

/** What is worth knowing about the end, beyond the state line. */
function Ending({ run }: { run: Run }) {
  const t = useT();
  const { finished, limits } = run;
  if (!finished) return null;
  return (
    <>
      {finished.truncated && finished.status !== "output_limit" && (
        <p className="text-caution">
          {limits
            ? t("run.truncated", { limit: megabytes(limits.outputBytes) })
            : t("run.truncatedBare")}
        </p>
      )}
      {run.restarted !== null && (
        <p className="text-text-3">{t("run.restarted", { reason: sentence(run.restarted) })}</p>
      )}
      {finished.status === "lost" && <p className="text-caution">{t("run.lostText")}</p>}
      {finished.message && explains(finished) && (
        <p className="text-text-3">{sentence(finished.message)}</p>
      )}
      {run.output.empty && finished.status === "ok" && (
        <p className="text-text-3">{t("run.silent")}</p>
      )}
      <ErrorPlaces errors={finished.errors ?? []} />
    </>
  );
}

function NothingYet() {
  const t = useT();
  const { state } = useDesk();
  const { rights } = useRoom();
  const config = state.config;
  const broken = config !== null && !config.execution.available;
  const reason = config?.execution.reason;
  if (broken) {
    return (
      <Centre>
        <Empty icon={Terminal} title={t("run.noSandboxTitle")}>
          {t("run.noSandboxText", { reason: sentence(reason ?? "") || t("run.noSandboxShort") })}
        </Empty>
      </Centre>
    );
  }
  return (
    <Centre>
      <Empty icon={Terminal} title={t("run.emptyTitle")}>
        {rights.has("run")
          ? t("run.emptyText", { keys: keyLabel("Mod+Enter") })
          : t("run.emptyTextReader")}
      </Empty>
    </Centre>
  );
}

function Centre({ children }: { children: ReactNode }) {
  return (
    <div className="grid min-h-0 flex-1 place-items-center overflow-y-auto bg-surface-1">
      {children}
    </div>
  );
}

function Strip({ run, onOpen }: { run: Run | null; onOpen?: () => void }) {
  const t = useT();
  const lines = run?.output.tail(2) ?? [];
  return (
    <section aria-label={t("run.strip")} className="flex h-[107px] flex-col bg-surface-1">
      <div className="flex h-12 shrink-0 items-center gap-1.5 border-b border-line bg-surface-2 px-2">
        <span className="flex min-w-0 flex-1 pl-1">
          <RunStateLine run={run} short />
        </span>
        {run && <StopButton run={run} />}
        <IconButton label={t("run.open")} icon={ChevronUp} onClick={onOpen} />
      </div>
      <div className="flex min-h-0 flex-1 flex-col justify-end overflow-hidden px-3 py-2 font-code text-code leading-5">
        {lines.length === 0 && (
          <p className="truncate font-ui text-text-3">{t("run.stripEmpty")}</p>
        )}
        {lines.map((line) => (
          <LineView key={line.id} line={line} className="truncate whitespace-pre" />
        ))}
      </div>
    </section>
  );
}
