import { describe, expect, test } from "vitest";
import type { ChatEntry, PresenceEntry, RunEntry } from "../api";
import { chatLines } from "./lines";
import { Outbox } from "./outbox";
import { countUnread } from "./unread";

const NOON = new Date(2025, 10, 14, 12).getTime();
const says = (seq: number, author = "m1", time = NOON + seq): ChatEntry => ({
  seq,
  time,
  author,
  channel: "chat",
  kind: "message",
  data: { text: `message ${seq}` },
});
const comes = (seq: number, kind: "joined" | "left", name: string): PresenceEntry => ({
  seq,
  time: NOON + seq,
  author: "system",
  channel: "room",
  kind,
  data: { member: { id: name, name, role: "participant", number: 1 } },
});
const brief = (lines: ReturnType<typeof chatLines>) =>
  lines.map((line) => {
    if (line.kind === "joined" || line.kind === "left")
      return `${line.names.join("+")} ${line.kind}`;
    return line.kind === "message" ? `${line.first ? "head " : ""}${line.entry.seq}` : line.kind;
  });

describe("lines of the chat", () => {
  test("messages of one person share a head, until somebody else or five minutes come between", () => {
    const chat = [says(1), says(2), says(3, "m2"), says(4), says(5, "m1", NOON + 6 * 60_000)];
    expect(brief(chatLines(chat, [], []))).toEqual([
      "day",
      "head 1",
      "2",
      "head 3",
      "head 4",
      "head 5",
    ]);
  });

  test("people who come in one stretch share a line; a reload is not told", () => {
    const presence = [
      comes(1, "joined", "Asha"),
      comes(2, "joined", "Ben"),
      comes(4, "left", "Ben"),
      comes(5, "joined", "Ben"),
    ];
    expect(brief(chatLines([says(3)], presence, []))).toEqual(["day", "Asha+Ben joined", "head 3"]);
  });

  test("who comes again after a crash of the server was never away", () => {
    const presence = [
      comes(1, "joined", "Asha"),
      comes(3, "joined", "Asha"),
      comes(4, "left", "Asha"),
    ];
    const lines = brief(chatLines([says(2), says(5)], presence.slice(0, 2), [], NOON));
    expect(lines).toEqual(["Asha joined", "head 2", "head 5"]);
    expect(brief(chatLines([says(2)], presence, [], NOON))).toEqual([
      "Asha joined",
      "head 2",
      "Asha left",
    ]);
  });

  test("a new day gets a line of its own", () => {
    const chat = [says(1), says(2, "m1", NOON + 86_400_000)];
    expect(brief(chatLines(chat, [], []))).toEqual(["day", "head 1", "day", "head 2"]);
  });

  test("a run is one line, with its end when it has one", () => {
    const runs = [
      { seq: 1, time: NOON, author: "m1", channel: "run", kind: "started", data: { run: "a" } },
      {
        seq: 2,
        time: NOON,
        author: "system",
        channel: "run",
        kind: "finished",
        data: { run: "a" },
      },
    ] as RunEntry[];
    const [, line] = chatLines([], [], runs);
    expect(line?.kind === "run" && line.end?.run).toBe("a");
  });
});

describe("unread", () => {
  test("counts messages of others after the last seen one", () => {
    expect(countUnread([says(1, "m2"), says(2, "m2"), says(3, "m1")], 1, "m1")).toBe(1);
  });
});

describe("outgoing messages", () => {
  test("a failed message stays with its reason, and arrives when sent again", async () => {
    let up = false;
    const chat = async () => {
      if (!up) throw new Error("down");
      return says(7);
    };
    const outbox = new Outbox({ chat });
    outbox.write("hello");
    await outbox.send("hello");
    const [failed] = outbox.state.waiting;
    expect(outbox.state.draft).toBe("");
    expect(failed?.problem).toBeTruthy();
    up = true;
    if (failed) await outbox.retry(failed);
    expect(outbox.state.waiting[0]).toMatchObject({ problem: null, seq: 7 });
    outbox.arrived([{ ...says(7), data: { text: "hello" } }]);
    expect(outbox.state.waiting).toEqual([]);
  });

  test("an entry that comes before the answer is not shown beside its own message", async () => {
    let answer = (_entry: ChatEntry) => {};
    const outbox = new Outbox({ chat: () => new Promise((resolve) => (answer = resolve)) });
    const sent = outbox.send("hello");
    const entry = { ...says(7), data: { text: "hello" } };
    outbox.arrived([entry]);
    expect(outbox.state.waiting).toEqual([]);
    answer(entry);
    await sent;
    expect(outbox.state.waiting).toEqual([]);
  });
});
