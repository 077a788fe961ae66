import type { Awareness } from "y-protocols/awareness";
import type { Member, Role } from "../api";
import { t } from "../i18n";
import { Signal } from "./signal";
import type { Activity, Person } from "./types";

export const COLORS = 12;
const AWAY_MS = 120_000;
const MINUTE_MS = 60_000;
const COALESCE_MS = 120;

/** Who somebody is, as the server tells it. */
export interface Identity {
  id: string;
  name: string;
  role: Role;
  number: number;
}

/** What our editors put into awareness; `user` is the server's. */
export interface Presence {
  /** Other programs than our editor may tell only a part of it. */
  user?: Partial<Identity> | null;
  file?: string | null;
  line?: number | null;
  activeAt?: number;
  typing?: boolean;
  /** Member id of whom they follow. */
  following?: string | null;
  /** First and last visible line, told only while somebody follows. */
  top?: number;
  bottom?: number;
  cursor?: { anchor: unknown; head: unknown } | null;
}

export function colorOf(number: number): number {
  return ((((number - 1) % COLORS) + COLORS) % COLORS) + 1;
}

/** Somebody whose program told no number gets a colour of their connection, and no name a plain one. */
export function identityOf(clientId: number, user: Partial<Identity>): Identity {
  const number = Number.isInteger(user.number) ? Number(user.number) : colorOf(clientId + 1);
  const name = typeof user.name === "string" ? user.name.trim() : "";
  return {
    id: user.id ?? `client-${clientId}`,
    name: name || t("people.guest", { number }),
    role: user.role ?? "participant",
    number,
  };
}

interface Seen {
  activeAt: number;
  /** By this browser's clock, because clocks differ. */
  at: number;
}

/** Who is in the room now, in the order of their numbers, each member once. */
export class People {
  readonly changed = new Signal();
  list: readonly Person[] = [];
  private readonly seen = new Map<number, Seen>();
  private timer = 0;
  private readonly clock: number;

  constructor(
    private readonly awareness: Awareness,
    private readonly me: () => Member,
    private readonly pathOf: (fileId: string) => string | null,
  ) {
    awareness.on("change", this.later);
    this.clock = window.setInterval(this.later, MINUTE_MS / 4);
    this.refresh();
  }

  /** Also to be called when a path changed. */
  readonly later = (): void => {
    this.timer ||= window.setTimeout(() => this.refresh(), COALESCE_MS);
  };

  destroy(): void {
    this.awareness.off("change", this.later);
    clearTimeout(this.timer);
    clearInterval(this.clock);
  }

  private refresh(): void {
    this.timer = 0;
    const best = new Map<string, Person>();
    for (const [clientId, state] of this.awareness.getStates()) {
      const person = this.person(clientId, state as Presence);
      if (person && this.beats(person, best.get(person.member.id))) {
        best.set(person.member.id, person);
      }
    }
    const next = [...best.values()].sort((a, b) => a.member.number - b.member.number);
    if (JSON.stringify(next) === JSON.stringify(this.list)) return;
    this.list = next;
    this.changed.emit();
  }

  /** Of two connections of one member the one on this page counts, then the one in use. */
  private beats(one: Person, other: Person | undefined): boolean {
    if (!other) return true;
    const here = this.awareness.clientID;
    if (one.clientId === here || other.clientId === here) return one.clientId === here;
    return one.awayMinutes < other.awayMinutes;
  }

  private person(clientId: number, state: Presence): Person | null {
    const mine = clientId === this.awareness.clientID;
    const user = mine ? this.me() : state.user;
    if (!user) return null;
    const idle = this.idleMs(clientId, state.activeAt ?? 0);
    const member = identityOf(clientId, user);
    const fileId = state.file ?? null;
    return {
      clientId,
      member,
      isMe: member.id === this.me().id,
      color: colorOf(member.number),
      ring: member.number > COLORS,
      fileId,
      path: fileId === null ? null : this.pathOf(fileId),
      line: state.line ?? null,
      activity: activity(state, idle),
      awayMinutes: Math.floor(idle / MINUTE_MS),
      following: state.following ?? null,
    };
  }

  private idleMs(clientId: number, activeAt: number): number {
    const now = Date.now();
    const known = this.seen.get(clientId);
    if (!known) {
      const at = activeAt > 0 ? Math.min(activeAt, now) : now;
      this.seen.set(clientId, { activeAt, at });
      return now - at;
    }
    if (known.activeAt !== activeAt) this.seen.set(clientId, { activeAt, at: now });
    return known.activeAt === activeAt ? now - known.at : 0;
  }
}

function activity(state: Presence, idle: number): Activity {
  if (idle >= AWAY_MS) return "away";
  return state.typing ? "typing" : "here";
}
