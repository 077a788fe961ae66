import type { Awareness } from "y-protocols/awareness";
import type { Presence } from "../collab/people";
import { Signal } from "../collab/signal";
import type { Person } from "../collab/types";

/** Whom I follow, and who follows me. The followed person sees it. */
export class Following {
  readonly changed = new Signal();
  /** Member id. */
  target: string | null = null;

  constructor(private readonly awareness: Awareness) {}

  start(memberId: string): void {
    this.set(memberId);
  }

  stop(): void {
    if (this.target !== null) this.set(null);
  }

  /** The state of the followed person's connection, the most recently active one first. */
  presence(people: readonly Person[]): Presence | null {
    const person = people.find((one) => one.member.id === this.target);
    return person ? ((this.awareness.getStates().get(person.clientId) as Presence) ?? null) : null;
  }

  private set(target: string | null): void {
    this.target = target;
    this.awareness.setLocalStateField("following", target);
    this.changed.emit();
  }
}
