import {
  Circle,
  CircleCheck,
  CircleX,
  Clock,
  type LucideIcon,
  Square,
  TriangleAlert,
} from "lucide-react";
import type { RunFinishedEntry, RunLimits } from "../api";
import type { Usage, Waiting } from "../collab";
import { megabytes, seconds, t } from "../i18n";
import type { StateTone } from "../ui";
import type { Run } from "./log";

/** Glyph and words of a run's state. */
export interface RunState {
  icon: LucideIcon;
  tone: StateTone;
  spin: boolean;
  words: string;
}

type Finished = RunFinishedEntry["data"];

const DOT = " · ";
const still = (icon: LucideIcon, tone: StateTone, words: string): RunState => ({
  icon,
  tone,
  words,
  spin: false,
});

export const NOT_RUN = (): RunState => still(Circle, "plain", t("run.notYet"));

export const STARTING = (): RunState => ({
  icon: Clock,
  tone: "plain",
  spin: true,
  words: t("run.starting"),
});

/** `Queued, 3rd in line · about 4 s`; the guess runs down while nothing new is told. */
export function queuedState({ position, seconds: guess, since }: Waiting, now: number): RunState {
  const left = Math.ceil(guess - (now - since) / 1000);
  const wait = left > 0 ? t("run.about", { time: wholeSeconds(left) }) : t("run.soon");
  const words = [t("run.queued", { position }), wait].join(DOT);
  return { icon: Clock, tone: "plain", spin: true, words };
}

/** `Running · 2.1 s of 60 s · 18 MB`, or without limit and memory where room is short. */
export function runningState(
  run: Run,
  elapsedMs: number,
  usage: Usage | null,
  short: boolean,
): RunState {
  const parts = [t("run.running"), timeWords(run, elapsedMs / 1000, usage, short)];
  if (usage?.memoryBytes && !short) parts.push(megabytes(usage.memoryBytes));
  return { icon: Clock, tone: "plain", spin: true, words: parts.join(DOT) };
}

/** Of the two limits on time, the one that is nearer: a loop without pause ends at the processor's. */
function timeWords({ limits }: Run, wall: number, usage: Usage | null, short: boolean): string {
  const time = seconds(wall, 1);
  if (!limits || short) return time;
  const cpu = usage?.cpuSeconds ?? 0;
  if (cpu / limits.cpuSeconds > wall / limits.wallSeconds) {
    const limit = wholeSeconds(limits.cpuSeconds);
    return [time, t("run.cpuOf", { time: seconds(cpu, 1), limit })].join(DOT);
  }
  return t("run.timeOf", { time, limit: wholeSeconds(limits.wallSeconds) });
}

function wholeSeconds(value: number): string {
  return seconds(value, Number.isInteger(value) ? 0 : 1);
}

/** How it ended: exit code or signal, then time, then memory. */
function measures(end: Finished, short: boolean): string {
  const parts: string[] = [];
  if (end.signal !== null) parts.push(t("run.signal", { signal: String(end.signal) }));
  else if (end.exitCode !== null) parts.push(t("run.exit", { code: end.exitCode }));
  if (end.wallSeconds !== null) parts.push(seconds(end.wallSeconds));
  if (end.memoryBytes && !short) parts.push(megabytes(end.memoryBytes));
  return parts.map((part) => DOT + part).join("");
}

function limitWords(status: Finished["status"], limits: RunLimits | null): string {
  if (status === "wall_limit") {
    return limits
      ? t("run.wallLimit", { limit: wholeSeconds(limits.wallSeconds) })
      : t("run.wallLimitBare");
  }
  if (status === "cpu_limit") {
    return limits
      ? t("run.cpuLimit", { limit: wholeSeconds(limits.cpuSeconds) })
      : t("run.cpuLimitBare");
  }
  if (status === "memory_limit") {
    return limits
      ? t("run.memoryLimit", { limit: megabytes(limits.memoryBytes) })
      : t("run.memoryLimitBare");
  }
  return limits
    ? t("run.outputLimit", { limit: megabytes(limits.outputBytes) })
    : t("run.outputLimitBare");
}

/** `stopped` are the words for a run that somebody stopped. */
export function finishedState(
  end: Finished,
  limits: RunLimits | null,
  stopped: string,
  short: boolean,
): RunState {
  switch (end.status) {
    case "ok":
      return still(CircleCheck, "ok", t("run.finished") + measures(end, short));
    case "failed":
      return still(CircleX, "bad", t("run.failed") + measures(end, short));
    case "compile_error":
      return still(CircleX, "bad", t("run.notCompiled") + measures(end, true));
    case "wall_limit":
    case "cpu_limit":
      return still(Clock, "warn", limitWords(end.status, limits));
    case "memory_limit":
    case "output_limit":
      return still(TriangleAlert, "warn", limitWords(end.status, limits));
    case "stopped":
      return still(Square, "plain", stopped);
    case "lost":
      return still(TriangleAlert, "warn", t("run.lost"));
    default:
      return still(TriangleAlert, "bad", t("run.internalError"));
  }
}
