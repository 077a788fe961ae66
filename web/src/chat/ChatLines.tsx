import { memo } from "react";
import type { Member, RunStatus } from "../api";
import { useRoom } from "../collab";
import { clock, dayName, fullTime, list, type MessageKey, seconds, useT } from "../i18n";
import { lookOf } from "../judge/verdicts";
import { Avatar, givenName } from "../ui";
import type { ChatLine } from "./lines";
import { MessageText } from "./MessageText";

type Line<K extends ChatLine["kind"]> = Extract<ChatLine, { kind: K }>;

const QUIET = "py-1 pr-3 pl-11 text-12 text-text-3 [overflow-wrap:anywhere]";

export interface ChatLineViewProps {
  line: ChatLine;
  paths: readonly string[];
}

/** Lines are made anew when one is added; most of them say the same as before. */
function sameLine(a: ChatLine, b: ChatLine): boolean {
  if (a.kind === "message")
    return b.kind === "message" && a.entry === b.entry && a.first === b.first;
  if (a.kind === "run") return b.kind === "run" && a.start === b.start && a.end === b.end;
  if (a.kind === "submission") {
    return b.kind === "submission" && a.start === b.start && a.end === b.end;
  }
  if (a.kind === "day") return b.kind === "day" && a.time === b.time;
  return b.kind === a.kind && a.names.join("\n") === b.names.join("\n");
}

export const ChatLineView = memo(ChatLineFace, (before, after) => {
  return before.paths === after.paths && sameLine(before.line, after.line);
});

function ChatLineFace({ line, paths }: ChatLineViewProps) {
  switch (line.kind) {
    case "message":
      return <MessageLine line={line} paths={paths} />;
    case "run":
      return <RunLine line={line} />;
    case "submission":
      return <SubmissionLine line={line} />;
    case "day":
      return <p className={QUIET}>{dayName(line.time, Date.now())}</p>;
    default:
      return <PresenceLine line={line} />;
  }
}

function useMember(id: string): Pick<Member, "name" | "number"> {
  const t = useT();
  const { members } = useRoom();
  return members.get(id) ?? { name: t("chat.somebody"), number: 1 };
}

export interface MessageHeadProps {
  name: string;
  time: number;
}

export function MessageHead({ name, time }: MessageHeadProps) {
  return (
    <p className="flex items-baseline gap-1.5">
      <span dir="auto" className="truncate font-semibold" title={name}>
        {givenName(name)}
      </span>
      <time
        dateTime={new Date(time).toISOString()}
        title={fullTime(time)}
        className="text-12 text-text-3"
      >
        {clock(time)}
      </time>
    </p>
  );
}

function MessageLine({ line, paths }: { line: Line<"message">; paths: readonly string[] }) {
  const { entry, first } = line;
  const { name, number } = useMember(entry.author);
  if (!first) {
    return (
      <div className="py-0.5 pr-3 pl-11" title={clock(entry.time)}>
        <MessageText text={entry.data.text} paths={paths} />
      </div>
    );
  }
  return (
    <div className="grid grid-cols-[24px_minmax(0,1fr)] gap-x-2 px-3 pt-1.5 pb-0.5">
      <Avatar name={name} number={number} />
      <div>
        <MessageHead name={name} time={entry.time} />
        <MessageText text={entry.data.text} paths={paths} />
      </div>
    </div>
  );
}

function PresenceLine({ line }: { line: Line<"joined" | "left"> }) {
  const t = useT();
  const values = { count: line.names.length, names: list(line.names.map(givenName)) };
  return (
    <p className={QUIET}>
      {line.kind === "joined" ? t("chat.joined", values) : t("chat.left", values)}
    </p>
  );
}

const ENDED: Partial<Record<RunStatus, MessageKey>> = {
  stopped: "chat.ranStopped",
  lost: "chat.ranLost",
  wall_limit: "chat.ranLimit",
  cpu_limit: "chat.ranLimit",
  memory_limit: "chat.ranLimit",
  output_limit: "chat.ranLimit",
};

function RunLine({ line }: { line: Line<"run"> }) {
  const t = useT();
  const { start, end } = line;
  const name = givenName(useMember(start.author).name);
  const values = { name, path: start.data.path };
  if (!end) return <p className={QUIET}>{t("chat.runs", values)}</p>;
  const time = end.wallSeconds === null ? null : seconds(end.wallSeconds);
  if (end.status === "ok") {
    return (
      <p className={QUIET}>{time ? t("chat.ranOk", { ...values, time }) : t("chat.ran", values)}</p>
    );
  }
  return <p className={QUIET}>{t(ENDED[end.status] ?? "chat.ranFailed", values)}</p>;
}

function SubmissionLine({ line: { start, end } }: { line: Line<"submission"> }) {
  const t = useT();
  const name = givenName(useMember(start.author).name);
  const { path, title, problem } = start.data;
  const values = { name, path, problem: title || problem };
  if (!end) return <p className={QUIET}>{t("chat.handsIn", values)}</p>;
  const verdict = end.report ? lookOf(end.report.verdict).words : t("judge.noVerdict");
  return <p className={QUIET}>{t("chat.handedIn", { ...values, verdict })}</p>;
}
