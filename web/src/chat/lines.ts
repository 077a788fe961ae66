import type {
  ChatEntry,
  JudgedEntry,
  PresenceEntry,
  RoomChangedEntry,
  RunEntry,
  RunFinishedEntry,
  RunStartedEntry,
  SubmittedEntry,
} from "../api";

/** What the chat shows, in order. */
export type ChatLine =
  | { kind: "day"; key: string; time: number }
  | { kind: "message"; key: string; entry: ChatEntry; first: boolean }
  | { kind: "joined" | "left"; key: string; time: number; names: string[] }
  | { kind: "run"; key: string; start: RunStartedEntry; end: RunFinishedEntry["data"] | null }
  | { kind: "submission"; key: string; start: SubmittedEntry; end: JudgedEntry["data"] | null };

/** Messages of one person closer than this share one head. */
const TOGETHER_MS = 5 * 60_000;

type Begun = RunStartedEntry | SubmittedEntry;
type Shown = ChatEntry | PresenceEntry | Begun;

function isPresence(entry: PresenceEntry | RoomChangedEntry): entry is PresenceEntry {
  return entry.kind === "joined" || entry.kind === "left";
}

/** How runs and submissions ended, by their ids. */
interface Ends {
  runs: Map<string, RunFinishedEntry["data"]>;
  submissions: Map<string, JudgedEntry["data"]>;
}

function endings(entries: readonly RunEntry[]): Ends {
  const ends: Ends = { runs: new Map(), submissions: new Map() };
  for (const { kind, data } of entries) {
    if (kind === "finished") ends.runs.set(data.run, data);
    if (kind === "judged") ends.submissions.set(data.submission, data);
  }
  return ends;
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** Who is in the room as far as the journal was read: after a crash people come twice without leaving. */
type Present = Map<string, string>;

/** People who came and went in one stretch, each said once; a reload says nothing. */
function presenceLines(stretch: readonly PresenceEntry[], present: Present): ChatLine[] {
  const [first] = stretch;
  if (!first) return [];
  const before = new Map(present);
  for (const { kind, data } of stretch) {
    if (kind === "joined") present.set(data.member.id, data.member.name);
    else present.delete(data.member.id);
  }
  const line = (kind: "joined" | "left", these: Present, others: Present): ChatLine[] => {
    const names = [...these].filter(([id]) => !others.has(id)).map(([, name]) => name);
    return names.length > 0 ? [{ kind, key: `${kind} ${first.seq}`, time: first.time, names }] : [];
  };
  return [...line("joined", present, before), ...line("left", before, present)];
}

/** One list out of the three channels. */
export function chatLines(
  chat: readonly ChatEntry[],
  room: readonly (PresenceEntry | RoomChangedEntry)[],
  runs: readonly RunEntry[],
  now = Date.now(),
): ChatLine[] {
  const ends = endings(runs);
  const starts = runs.filter((entry) => entry.kind === "started" || entry.kind === "submitted");
  const presence = room.filter(isPresence);
  const all: Shown[] = [...chat, ...presence, ...starts].sort((a, b) => a.seq - b.seq);
  const lines: ChatLine[] = [];
  const present: Present = new Map();
  let stretch: PresenceEntry[] = [];
  let before: Shown | null = null;
  const flush = () => {
    lines.push(...presenceLines(stretch, present));
    stretch = [];
  };
  for (const entry of all) {
    if (!before || !sameDay(before.time, entry.time)) {
      flush();
      // All of today needs no date.
      if (lines.length > 0 || !sameDay(entry.time, now)) {
        lines.push({ kind: "day", key: `day ${entry.seq}`, time: entry.time });
      }
      before = null;
    }
    if (entry.channel === "room") stretch.push(entry);
    else {
      flush();
      lines.push(entry.channel === "run" ? begunLine(entry, ends) : messageLine(entry, before));
    }
    before = entry;
  }
  flush();
  return lines;
}

function begunLine(start: Begun, { runs, submissions }: Ends): ChatLine {
  const key = `${start.kind} ${start.seq}`;
  if (start.kind === "started") {
    return { kind: "run", key, start, end: runs.get(start.data.run) ?? null };
  }
  return { kind: "submission", key, start, end: submissions.get(start.data.submission) ?? null };
}

function messageLine(entry: ChatEntry, before: Shown | null): ChatLine {
  const follows =
    before?.channel === "chat" &&
    before.author === entry.author &&
    entry.time - before.time < TOGETHER_MS;
  return { kind: "message", key: `message ${entry.seq}`, entry, first: !follows };
}
