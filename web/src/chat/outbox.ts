import { useMemo, useSyncExternalStore } from "react";
import type { ChatEntry, RoomApi } from "../api";
import { useOpenRoom, useRoom } from "../collab";
import { explain, t } from "../i18n";

/** Longest message the server takes, in characters. */
export const MESSAGE_LENGTH = 4000;

export interface Outgoing {
  id: number;
  text: string;
  /** When it was sent here. */
  time: number;
  /** Why it did not arrive; null while it is on its way. */
  problem: string | null;
  /** Place in the journal once the server has it. */
  seq: number | null;
}

interface OutboxState {
  draft: string;
  waiting: readonly Outgoing[];
}

/** Messages on their way, and the unsent draft; outlives the panel. */
export class Outbox {
  state: OutboxState = { draft: "", waiting: [] };
  private readonly listeners = new Set<() => void>();
  private lastId = 0;
  /** The last own message that the journal showed. */
  private newest = 0;

  /** What is unsent is kept under `key` for as long as the tab lives; null keeps nothing. */
  constructor(
    private readonly api: Pick<RoomApi, "chat">,
    private readonly key: string | null = null,
  ) {
    const left = key === null ? null : recall(key);
    if (!left) return;
    const problem = t("chat.reloaded");
    this.newest = left.newest;
    const waiting = left.waiting.map((one) => ({ ...one, problem: one.problem ?? problem }));
    this.lastId = Math.max(0, ...waiting.map(({ id }) => id));
    this.state = { draft: left.draft, waiting };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  write(draft: string): void {
    this.set({ draft });
  }

  send(text: string): Promise<void> {
    this.lastId += 1;
    const id = this.lastId;
    const message: Outgoing = { id, text, time: Date.now(), problem: null, seq: null };
    this.set({ draft: "", waiting: [...this.state.waiting, message] });
    return this.post(id, text);
  }

  retry(message: Outgoing): Promise<void> {
    this.change(message.id, { problem: null });
    return this.post(message.id, message.text);
  }

  discard(id: number): void {
    this.set({ waiting: this.state.waiting.filter((message) => message.id !== id) });
  }

  /**
   * Lets go of what the journal shows. An entry may come before the answer to its own request, or
   * though the answer was lost: then its words tell whose it is.
   */
  arrived(mine: readonly ChatEntry[]): void {
    const left = [...this.state.waiting];
    for (const { seq, data } of mine.filter((entry) => entry.seq > this.newest)) {
      const exact = left.findIndex((message) => message.seq === seq);
      const index =
        exact >= 0 ? exact : left.findIndex((one) => one.seq === null && one.text === data.text);
      if (index >= 0) left.splice(index, 1);
      this.newest = seq;
    }
    if (left.length < this.state.waiting.length) this.set({ waiting: left });
  }

  private async post(id: number, text: string): Promise<void> {
    try {
      const { seq } = await this.api.chat(text);
      if (seq <= this.newest) this.discard(id);
      else this.change(id, { seq });
    } catch (error) {
      this.change(id, { problem: explain(error) });
    }
  }

  private change(id: number, change: Partial<Outgoing>): void {
    this.set({
      waiting: this.state.waiting.map((one) => (one.id === id ? { ...one, ...change } : one)),
    });
  }

  private set(change: Partial<OutboxState>): void {
    this.state = { ...this.state, ...change };
    if (this.key !== null) keep(this.key, { ...this.state, newest: this.newest });
    for (const listener of this.listeners) listener();
  }
}

interface Kept extends OutboxState {
  /** Own messages up to here were in the journal before these were sent. */
  newest: number;
}

function recall(key: string): Kept | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

function keep(key: string, { draft, waiting, newest }: Kept): void {
  const unsent = waiting.filter(({ seq }) => seq === null);
  try {
    if (!draft && unsent.length === 0) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify({ draft, waiting: unsent, newest }));
  } catch {
    return;
  }
}

const boxes = new WeakMap<object, Outbox>();

/** One outbox per open room. */
export function useOutbox(): { outbox: Outbox; state: OutboxState } {
  const room = useOpenRoom();
  const { api } = useRoom();
  const outbox = useMemo(() => {
    const known = boxes.get(room) ?? new Outbox(api, `sangam.outbox.${room.room.id}.${room.me.id}`);
    boxes.set(room, known);
    return known;
  }, [room, api]);
  return { outbox, state: useSyncExternalStore(outbox.subscribe, () => outbox.state) };
}
