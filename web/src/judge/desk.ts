import { useEffect, useMemo, useSyncExternalStore } from "react";
import { hasCode, type Problem, type Report, type RoomApi } from "../api";
import { useEntries, useOpenRoom, useRoom } from "../collab";
import type { Live } from "../collab/live";
import { explain, sentence, t } from "../i18n";
import { toast } from "../ui";
import { type Handed, submissionsOf } from "./log";

export interface TestsState {
  /** Titles by id; null while they are not known. */
  titles: Readonly<Record<string, string>> | null;
  /** The problem somebody chose; null takes the one at hand. */
  chosen: string | null;
  problem: Problem | null;
  /** Why problems are not shown, in a sentence. */
  failed: string | null;
  handing: boolean;
  /** The submission somebody chose to look at; null follows the newest. */
  submission: string | null;
  /** Whole reports that were asked for: all public texts, for hosts also what is hidden. */
  full: ReadonlyMap<string, Report>;
}

const FIRST: TestsState = {
  titles: null,
  chosen: null,
  problem: null,
  failed: null,
  handing: false,
  submission: null,
  full: new Map(),
};

/** What the tests panel of one room knows beside the journal. */
export class TestsDesk {
  state = FIRST;
  private readonly listeners = new Set<() => void>();
  private asked = "";
  private readonly wanted = new Set<string>();

  constructor(
    private readonly api: RoomApi,
    live: Live,
  ) {
    live.problems.subscribe(() => void this.refresh());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(change: Partial<TestsState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  /** Asks for the list, and for the shown problem anew. */
  readonly refresh = async (): Promise<void> => {
    try {
      this.set({ titles: await this.api.problems(), failed: null });
      if (this.asked) await this.load(this.asked);
    } catch (error) {
      this.set({ failed: explain(error) });
    }
  };

  /** Shows this problem; harmless again. */
  async show(id: string): Promise<void> {
    if (id === this.asked) return;
    this.asked = id;
    this.set({ problem: null });
    await this.load(id);
  }

  async submit(fileId: string, problem: string): Promise<void> {
    if (this.state.handing) return;
    this.set({ handing: true });
    try {
      await this.api.submit(fileId, problem);
      this.set({ submission: null });
    } catch (error) {
      toast({ text: t("judge.notHandedIn", { reason: whyNot(error) }), tone: "error" });
    } finally {
      this.set({ handing: false });
    }
  }

  async cancel(submission: string): Promise<void> {
    try {
      await this.api.cancel(submission);
    } catch (error) {
      toast({ text: t("judge.notCancelled", { reason: explain(error) }), tone: "error" });
    }
  }

  async remove(problem: Problem): Promise<void> {
    const { id } = problem;
    const again = () => void this.api.putProblem(problem).catch(tellNotKept);
    try {
      await this.api.removeProblem(id);
      this.set({ chosen: null });
      const name = problem.title || id;
      const undo = { label: t("judge.undo"), run: again };
      toast({ text: t("judge.removed", { name }), action: undo });
    } catch (error) {
      toast({ text: t("judge.notRemoved", { reason: explain(error) }), tone: "error" });
    }
  }

  /** The whole report of one that was judged; the server may have forgotten it. */
  async want(submission: string): Promise<void> {
    if (this.wanted.has(submission)) return;
    this.wanted.add(submission);
    const answer = await this.api.submission(submission).catch(() => null);
    if (answer?.report) this.set({ full: new Map(this.state.full).set(submission, answer.report) });
  }

  private async load(id: string): Promise<void> {
    try {
      const problem = await this.api.problem(id);
      if (id === this.asked) this.set({ problem, failed: null });
    } catch (error) {
      if (id !== this.asked) return;
      const gone = hasCode(error, "problem_not_found");
      this.asked = "";
      this.set({ problem: null, failed: gone ? null : explain(error) });
    }
  }
}

function tellNotKept(error: unknown): void {
  toast({ text: t("judge.notKept", { reason: explain(error) }), tone: "error" });
}

/** The server's words say more than ours where a language or the line is the reason. */
function whyNot(error: unknown): string {
  for (const code of ["language_unavailable", "too_many_runs"]) {
    if (hasCode(error, code)) return sentence(error.message);
  }
  return explain(error);
}

const desks = new WeakMap<object, TestsDesk>();

/** One desk per open room, whoever asks first. */
export function useTests(): { desk: TestsDesk; state: TestsState } {
  const room = useOpenRoom();
  const desk = useMemo(() => {
    const known = desks.get(room) ?? new TestsDesk(room.api, room.live);
    desks.set(room, known);
    return known;
  }, [room]);
  return { desk, state: useSyncExternalStore(desk.subscribe, () => desk.state) };
}

export interface AtHand {
  /** Id of the problem that the panel shows. */
  id: string | null;
  problem: Problem | null;
  /** Of this problem, oldest first. */
  handed: readonly Handed[];
  /** The shown one of them. */
  shown: Handed | null;
  report: Report | null;
}

/** What the panel shows: the chosen problem, or that of the newest submission, or the first. */
export function useAtHand(): AtHand {
  const { desk, state } = useTests();
  const { rights } = useRoom();
  const entries = useEntries("run");
  const all = useMemo(() => submissionsOf(entries), [entries]);
  const { titles, chosen, problem, submission, full } = state;
  const known = titles ?? {};
  const newest = all.findLast((one) => one.problem in known)?.problem;
  const wanted = chosen !== null && chosen in known ? chosen : newest;
  const id = wanted ?? Object.keys(known)[0] ?? null;
  const handed = all.filter((one) => one.problem === id);
  const shown = handed.find((one) => one.id === submission) ?? handed.at(-1) ?? null;
  const judged = shown?.end?.report ? shown.id : null;
  useEffect(() => {
    if (titles === null) void desk.refresh();
  }, [desk, titles]);
  useEffect(() => {
    if (id !== null) void desk.show(id);
  }, [desk, id]);
  useEffect(() => {
    if (judged !== null && rights.has("run")) void desk.want(judged);
  }, [desk, judged, rights]);
  const report = (judged && full.get(judged)) || (shown?.end?.report ?? null);
  return { id, problem: problem?.id === id ? problem : null, handed, shown, report };
}
