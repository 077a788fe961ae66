import type { Channel, Entry, RoomApi } from "../api";
import { Signal } from "./signal";

const PAGE = 500;
const CHANNELS: readonly Channel[] = ["chat", "run", "room"];

type Lists = Readonly<Record<Channel, readonly Entry[]>>;

/**
 * The room's journal as far as people read it: what was there, then what comes, each entry once and
 * in order. After a connection was lost it asks for what it missed.
 */
export class Feed {
  readonly changed = new Signal();
  private lists: Lists = { chat: [], run: [], room: [] };
  private readonly seen = new Set<number>();
  private waiting: Entry[] = [];
  private frame = 0;
  /** Everything up to here is known. */
  private cursor = 0;
  private following = false;
  private round = 0;

  constructor(
    private readonly api: RoomApi,
    private readonly onEntry: (entry: Entry) => void,
  ) {}

  list(channel: Channel): readonly Entry[] {
    return this.lists[channel];
  }

  receive(entry: Entry): void {
    this.add([entry]);
    if (this.following) this.cursor = Math.max(this.cursor, entry.seq);
  }

  pause(): void {
    this.following = false;
    this.round += 1;
  }

  /** Fetches what is missing; live entries may arrive meanwhile. Gives up silently when offline. */
  async follow(): Promise<void> {
    this.pause();
    const { round } = this;
    try {
      if (this.cursor === 0) await this.fetchNewest(round);
      else await this.fetchMissed(round);
    } catch {
      if (round === this.round) setTimeout(() => round === this.round && this.follow(), 5_000);
      return;
    }
    if (round === this.round) this.following = true;
  }

  destroy(): void {
    this.pause();
    cancelAnimationFrame(this.frame);
  }

  /** Long outputs must not push the chat out of the page, so they are asked for apart. */
  private async fetchNewest(round: number): Promise<void> {
    const pages = await Promise.all([
      this.api.entries({ channels: ["chat"], limit: PAGE }),
      this.api.entries({ channels: ["room"], limit: PAGE }),
      this.api.entries({ channels: ["run"], limit: PAGE }),
    ]);
    if (round !== this.round) return;
    for (const page of pages) this.take(page);
  }

  private async fetchMissed(round: number): Promise<void> {
    for (;;) {
      const channels = [...CHANNELS];
      const page = await this.api.entries({ channels, after: this.cursor, limit: PAGE });
      if (round !== this.round) return;
      this.take(page);
      if (page.length < PAGE) return;
    }
  }

  private take(page: readonly Entry[]): void {
    this.add(page);
    const last = page.at(-1);
    if (last) this.cursor = Math.max(this.cursor, last.seq);
  }

  private add(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => !this.seen.has(entry.seq));
    if (fresh.length === 0) return;
    for (const entry of fresh) {
      this.seen.add(entry.seq);
      this.onEntry(entry);
    }
    this.waiting.push(...fresh);
    // Hidden pages paint no frames, yet titles and counts must stay true.
    if (document.hidden) this.flush();
    else this.frame ||= requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const lists = { ...this.lists };
    for (const channel of CHANNELS) {
      const fresh = this.waiting.filter((entry) => entry.channel === channel);
      if (fresh.length > 0) lists[channel] = merge(lists[channel], fresh);
    }
    this.waiting = [];
    this.lists = lists;
    this.changed.emit();
  }
}

/** Both by seq; the usual case is that all of `fresh` is newer. */
export function merge(known: readonly Entry[], fresh: readonly Entry[]): Entry[] {
  const all = [...known, ...fresh];
  return all.sort((a, b) => a.seq - b.seq);
}
