import { useEffect, useState } from "react";
import { type RoomState, useOpenRoom, useRoom, useUsage, useWaiting } from "../collab";
import { t } from "../i18n";
import { givenName } from "../ui";
import { useDesk } from "./desk";
import type { Run } from "./log";
import {
  finishedState,
  NOT_RUN,
  queuedState,
  type RunState,
  runningState,
  STARTING,
} from "./status";

const TICK_MS = 100;

/** The present moment, ten times a second while `active`. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

/** Glyph and words for a run; `short` for the phone's strip. */
export function useRunState(run: Run | null, short: boolean): RunState {
  const { desk, state } = useDesk();
  const { members, me } = useRoom();
  const { live } = useOpenRoom();
  const usage = useUsage(run?.id ?? "");
  const waiting = useWaiting(run?.id ?? "");
  const running = run !== null && run.finished === null;
  const now = useNow(running);
  if (state.starting && !running) return STARTING();
  if (!run) return NOT_RUN();
  if (!run.finished) {
    if (waiting) return queuedState(waiting, now);
    const begun = live.begunAt(run.id);
    const elapsed = begun === null ? desk.log.elapsed(run, now) : Math.max(0, now - begun);
    return runningState(run, elapsed, usage, short);
  }
  const stopped = stoppedWords(run.finished.by, me.id, members);
  return finishedState(run.finished, run.limits, stopped, short);
}

function stoppedWords(by: string | null, me: string, members: RoomState["members"]): string {
  if (by === me) return t("run.stoppedByYou");
  const name = by === null ? undefined : members.get(by)?.name;
  return name ? t("run.stoppedBy", { name: givenName(name) }) : t("run.stopped");
}
