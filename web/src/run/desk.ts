import { useEffect, useMemo, useSyncExternalStore } from "react";
import {
  ApiError,
  type Config,
  getConfig,
  hasCode,
  isAbort,
  type Language,
  type RoomApi,
  type Size,
} from "../api";
import { useEntries, useOpenRoom, useRoom } from "../collab";
import type { FileList } from "../files/list";
import { explain, sentence, t } from "../i18n";
import { toast } from "../ui";
import { type Run, RunLog } from "./log";
import { ErrorMarks } from "./marks";
import { type Safety, withSafety } from "./safe";

interface DeskState {
  config: Config | null;
  /** A request to run is on its way. */
  starting: boolean;
  /** The run somebody chose to look at; null follows the newest. */
  chosen: string | null;
  /** Unsent input, kept while the panel is closed. */
  input: string;
  /** The run whose terminal shall have the keyboard, once it is drawn. */
  focus: string | null;
}

const ASK_AGAIN_MS = 15_000;

/** What the run button and the panel of one room share beside the journal. */
export class RunDesk {
  readonly log = new RunLog();
  readonly marks: ErrorMarks;
  state: DeskState = { config: null, starting: false, chosen: null, input: "", focus: null };
  private readonly listeners = new Set<() => void>();
  private wanting = 0;
  private asking: AbortController | null = null;

  constructor(
    private readonly api: RoomApi,
    private readonly safety: Safety,
    files: FileList,
  ) {
    this.marks = new ErrorMarks(files);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(change: Partial<DeskState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  /** Asks what this server can run, as long as somebody wants to know. */
  wantConfig(): () => void {
    this.wanting += 1;
    if (this.wanting === 1) this.asking = this.askConfig();
    return () => {
      this.wanting -= 1;
      if (this.wanting === 0) this.asking?.abort();
    };
  }

  /** A server that just started may not know it yet, so a no is asked again. */
  private askConfig(): AbortController {
    const abort = new AbortController();
    const ask = () => {
      getConfig(abort.signal).then(
        (config) => this.learn(config, again),
        (error: unknown) => isAbort(error) || again(),
      );
    };
    const again = () => {
      const timer = setTimeout(ask, ASK_AGAIN_MS);
      abort.signal.addEventListener("abort", () => clearTimeout(timer));
    };
    if (!this.state.config?.execution.available) ask();
    return abort;
  }

  private learn(config: Config, again: () => void): void {
    this.set({ config });
    if (!config.execution.available) again();
  }

  /** With a size it runs in a terminal. */
  async start(fileId: string, terminal?: Size): Promise<void> {
    if (this.state.starting) return;
    this.set({ starting: true });
    try {
      const run = await this.api.run({ fileId, ...(terminal && { terminal }) });
      this.set({ chosen: null, focus: terminal ? run : null });
    } catch (error) {
      const again = { label: t("run.tryAgain"), run: () => void this.start(fileId, terminal) };
      toast({ text: this.withSafety(whyNot(error), error), tone: "error", action: again });
    } finally {
      this.set({ starting: false });
    }
  }

  async stop(run: string): Promise<void> {
    try {
      await this.api.stop(run);
    } catch (error) {
      const text = t("run.notStopped", { reason: explain(error) });
      toast({ text: this.withSafety(text, error), tone: "error" });
    }
  }

  /** Sends a line, or the end of input; answers whether it arrived. */
  async send(run: string, text: string | null): Promise<boolean> {
    try {
      if (text === null) await this.api.endInput(run);
      else await this.api.input(run, text);
      return true;
    } catch (error) {
      const over = error instanceof ApiError && error.code === "run_over";
      const reason = over ? t("run.over") : t("run.notSent", { reason: explain(error) });
      toast({ text: this.withSafety(reason, error), tone: "error" });
      return false;
    }
  }

  private withSafety(text: string, error: unknown): string {
    return withSafety(text, this.safety, !hasCode(error, "network"));
  }
}

/** What happened, and what next. */
function whyNot(error: unknown): string {
  const code = error instanceof ApiError ? error.code : "";
  if (code === "sandbox_unavailable") return t("run.noSandbox");
  if (code === "too_many_runs") return t("run.tooMany");
  if (code === "file_not_found") return t("run.noFile");
  if (code === "language_unavailable" && error instanceof ApiError) {
    return t("run.noLanguage", { reason: sentence(error.message) });
  }
  return t("run.notStarted", { reason: explain(error) });
}

const desks = new WeakMap<object, RunDesk>();

/** One desk per open room, whoever asks first. */
export function useDesk(): { desk: RunDesk; state: DeskState } {
  const room = useOpenRoom();
  const { api } = useRoom();
  const desk = useMemo(() => {
    const known = desks.get(room) ?? new RunDesk(api, room.connection, room.files);
    desks.set(room, known);
    return known;
  }, [room, api]);
  useEffect(() => desk.wantConfig(), [desk]);
  return { desk, state: useSyncExternalStore(desk.subscribe, () => desk.state) };
}

/** Somebody on this page just asked for a run. */
export function useStarting(): boolean {
  return useDesk().state.starting;
}

/** The runs of the room, oldest first. */
export function useRuns(): readonly Run[] {
  const { desk } = useDesk();
  const entries = useEntries("run");
  return useMemo(() => desk.log.take(entries, Date.now()), [desk, entries]);
}

/** The language a file runs as, by its extension. */
export function languageFor(path: string, config: Config): Language | null {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const fits = ({ extensions }: Language) =>
    extensions.some((one) => one.replace(/^\./, "") === extension);
  return config.languages.find(fits) ?? null;
}
