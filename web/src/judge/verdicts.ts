import {
  Circle,
  CircleCheck,
  CircleX,
  Clock,
  type LucideIcon,
  Square,
  TriangleAlert,
} from "lucide-react";
import type { Report, Verdict } from "../api";
import type { Judged, Waiting } from "../collab";
import { count, type MessageKey, megabytes, seconds, t } from "../i18n";
import { queuedState, type RunState } from "../run/status";
import type { StateTone } from "../ui";
import type { Handed } from "./log";
import type { Mark } from "./rows";

interface Look {
  icon: LucideIcon;
  tone: StateTone;
  words: MessageKey;
}

const LOOKS: Record<Verdict, Look> = {
  AC: { icon: CircleCheck, tone: "ok", words: "judge.verdictAC" },
  WA: { icon: CircleX, tone: "bad", words: "judge.verdictWA" },
  PE: { icon: TriangleAlert, tone: "warn", words: "judge.verdictPE" },
  CE: { icon: CircleX, tone: "bad", words: "judge.verdictCE" },
  TLE: { icon: Clock, tone: "warn", words: "judge.verdictTLE" },
  MLE: { icon: TriangleAlert, tone: "warn", words: "judge.verdictMLE" },
  OLE: { icon: TriangleAlert, tone: "warn", words: "judge.verdictOLE" },
  RTE: { icon: CircleX, tone: "bad", words: "judge.verdictRTE" },
  IE: { icon: TriangleAlert, tone: "bad", words: "judge.verdictIE" },
  SK: { icon: Circle, tone: "mute", words: "judge.verdictSK" },
};

const DOT = " · ";

/** Glyph, tone and words; the colour comes third. */
export function lookOf(mark: Mark): RunState {
  if (mark === "judging") {
    return { icon: Clock, tone: "plain", spin: true, words: t("judge.judging") };
  }
  if (mark === "failed") {
    return { icon: CircleX, tone: "bad", spin: false, words: t("judge.notPassed") };
  }
  if (mark === null) {
    return { icon: Circle, tone: "mute", spin: false, words: t("judge.notJudged") };
  }
  const { icon, tone, words } = LOOKS[mark];
  return { icon, tone, spin: false, words: t(words) };
}

export function points(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toFixed(2);
}

/** `Wrong answer · 2 of 8 passed · 0.31 s · 9 MB`; the points where they are more than one. */
function reportWords(report: Report): string {
  const parts = [lookOf(report.verdict).words];
  if (report.verdict === "CE") return parts.join(DOT);
  parts.push(t("judge.passed", { count: report.passed, of: report.tests.length }));
  if (report.most > 1) {
    parts.push(t("judge.points", { points: points(report.points), most: points(report.most) }));
  }
  if (report.cpuSeconds > 0) parts.push(seconds(report.cpuSeconds));
  if (report.memoryBytes > 0) parts.push(megabytes(report.memoryBytes));
  return parts.join(DOT);
}

/** The state of a submission, for the head of the panel. */
export function submissionState(
  handed: Handed | null,
  progress: Judged | null,
  waiting: Waiting | null,
  now: number,
): RunState {
  if (!handed) return { icon: Circle, tone: "plain", spin: false, words: t("judge.nothingYet") };
  const { end } = handed;
  if (!end) {
    if (waiting && !progress) return queuedState(waiting, now);
    const words = progress
      ? t("judge.judgingOf", { count: progress.verdicts.size, of: progress.of })
      : t("judge.judging");
    return { icon: Clock, tone: "plain", spin: true, words };
  }
  if (end.report) return { ...lookOf(end.report.verdict), words: reportWords(end.report) };
  if (end.state === "cancelled") {
    return { icon: Square, tone: "plain", spin: false, words: t("judge.cancelled") };
  }
  return { icon: TriangleAlert, tone: "warn", spin: false, words: t("judge.lost") };
}
