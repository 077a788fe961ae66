import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry, EntryQuery, RoomApi } from "../api";
import { Feed, merge } from "./feed";

function chat(seq: number): Entry {
  const data = { text: String(seq) };
  return { seq, time: 0, author: "mb_1", channel: "chat", kind: "message", data };
}

/** A journal that answers like the server's. */
function journal(entries: Entry[]) {
  const asked: EntryQuery[] = [];
  const api = {
    async entries(query: EntryQuery) {
      asked.push(query);
      const fits = (one: Entry) =>
        query.channels.includes(one.channel) && one.seq > (query.after ?? 0);
      return entries.filter(fits).slice(query.after === undefined ? -500 : 0, 500);
    },
  } as unknown as RoomApi;
  return { api, asked };
}

const seqs = (feed: Feed) => feed.list("chat").map((entry) => entry.seq);

describe("B10 the journal as people read it", () => {
  beforeEach(() => {
    vi.stubGlobal("document", { hidden: true });
    vi.stubGlobal("cancelAnimationFrame", () => undefined);
  });
  afterEach(() => vi.unstubAllGlobals());

  it("shows every entry once and in order", async () => {
    const { api } = journal([chat(1), chat(2), chat(4)]);
    const feed = new Feed(api, () => undefined);
    feed.receive(chat(4));
    feed.receive(chat(3));
    await feed.follow();
    feed.receive(chat(4));
    feed.receive(chat(5));
    expect(seqs(feed)).toEqual([1, 2, 3, 4, 5]);
  });

  it("asks for what it missed, from the last entry it is sure of", async () => {
    const entries = [chat(1), chat(2)];
    const { api, asked } = journal(entries);
    const feed = new Feed(api, () => undefined);
    await feed.follow();
    feed.pause();
    feed.receive(chat(9));
    entries.push(chat(7), chat(9));
    await feed.follow();
    expect(asked.at(-1)?.after).toBe(2);
    expect(seqs(feed)).toEqual([1, 2, 7, 9]);
  });

  it("merges by number", () => {
    expect(merge([chat(1), chat(5)], [chat(3)]).map((entry) => entry.seq)).toEqual([1, 3, 5]);
  });
});
