import type { ChatEntry, PresenceEntry, RunEntry, RunFinishedEntry, RunStartedEntry } from "../api";

/** What the chat shows, in order. */
export type ChatLine =
  | { kind: "day"; key: string; time: number }
  | { kind: "message"; key: string; entry: ChatEntry; first: boolean }
  | { kind: "joined" | "left"; key: string; time: number; names: string[] }
  | { kind: "run"; key: string; start: RunStartedEntry; end: RunFinishedEntry["data"] | null };

/** Messages of one person closer than this share one head. */
const TOGETHER_MS = 5 * 60_000;

type Shown = ChatEntry | PresenceEntry | RunStartedEntry;

function endings(runs: readonly RunEntry[]): Map<string, RunFinishedEntry["data"]> {
  const ends = new Map<string, RunFinishedEntry["data"]>();
  for (const entry of runs) if (entry.kind === "finished") ends.set(entry.data.run, entry.data);
  return ends;
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** People who came and went in one stretch, each said once; a reload says nothing. */
function presenceLines(stretch: readonly PresenceEntry[]): ChatLine[] {
  const net = new Map<string, { name: string; change: number }>();
  for (const { kind, data } of stretch) {
    const known = net.get(data.member.id) ?? { name: data.member.name, change: 0 };
    net.set(data.member.id, { ...known, change: known.change + (kind === "joined" ? 1 : -1) });
  }
  const [first] = stretch;
  if (!first) return [];
  const named = (sign: 1 | -1) =>
    [...net.values()].filter(({ change }) => Math.sign(change) === sign).map(({ name }) => name);
  const line = (kind: "joined" | "left", names: string[]): ChatLine[] =>
    names.length > 0 ? [{ kind, key: `${kind} ${first.seq}`, time: first.time, names }] : [];
  return [...line("joined", named(1)), ...line("left", named(-1))];
}

/** One list out of the three channels. */
export function chatLines(
  chat: readonly ChatEntry[],
  presence: readonly PresenceEntry[],
  runs: readonly RunEntry[],
  now = Date.now(),
): ChatLine[] {
  const ends = endings(runs);
  const starts = runs.filter((entry) => entry.kind === "started");
  const all: Shown[] = [...chat, ...presence, ...starts].sort((a, b) => a.seq - b.seq);
  const lines: ChatLine[] = [];
  let stretch: PresenceEntry[] = [];
  let before: Shown | null = null;
  const flush = () => {
    lines.push(...presenceLines(stretch));
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
      lines.push(entry.channel === "run" ? runLine(entry, ends) : messageLine(entry, before));
    }
    before = entry;
  }
  flush();
  return lines;
}

function runLine(start: RunStartedEntry, ends: Map<string, RunFinishedEntry["data"]>): ChatLine {
  return { kind: "run", key: `run ${start.seq}`, start, end: ends.get(start.data.run) ?? null };
}

function messageLine(entry: ChatEntry, before: Shown | null): ChatLine {
  const follows =
    before?.channel === "chat" &&
    before.author === entry.author &&
    entry.time - before.time < TOGETHER_MS;
  return { kind: "message", key: `message ${entry.seq}`, entry, first: !follows };
}
