import { HocuspocusProvider } from "@hocuspocus/provider";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { finalReason, retryDelay } from "./backoff";
import { type RoomEvent, readEvent, refusesEdit } from "./events";
import { Pings } from "./pings";
import { forgetOthers, makeAwareness } from "./presence";
import { type Facts, sameState, saveState } from "./save";
import { Signal } from "./signal";
import { RoomSocket } from "./socket";
import { type LocalStore, openStore } from "./store";
import type { ClosedReason, ReadOnlyReason, SaveState } from "./types";

const LATE_MS = 400;
const CONNECT_MS = 15_000;

export interface ConnectionOptions {
  url: string;
  roomId: string;
  createdAt: number;
  token: string | null;
  /** My role only reads. */
  observer: boolean;
}

/**
 * The `main` document of one room and its way to the server. It lives as long as the page shows
 * the room; `destroy` ends it.
 */
export class Connection {
  readonly doc = new Y.Doc();
  readonly awareness: Awareness = makeAwareness(this.doc);
  readonly changed = new Signal();
  /** Called with every event of the room. */
  onEvent: (event: RoomEvent) => void = () => undefined;
  /** Called after every handshake, when the journal may have grown unseen. */
  onUp: () => void = () => undefined;
  onDown: () => void = () => undefined;

  save: SaveState;
  private readonly socket: RoomSocket;
  private readonly provider: HocuspocusProvider;
  private readonly store: LocalStore;
  private readonly pings: Pings;
  private readonly facts: Facts;
  private nextTryAt = 0;
  private serverReadOnly: ReadOnlyReason | null = null;
  private observes: boolean;
  private refused = false;
  /** My edits since the server last had everything. */
  private unanswered = 0;
  /** My edits on this page, and how many of them are on the disk of this browser. */
  private made = 0;
  private onDisk = 0;
  private counting = false;
  private gone = false;
  private retryTimer = 0;
  private lateTimer = 0;
  private tickTimer = 0;
  private connectTimer = 0;

  constructor(private readonly options: ConnectionOptions) {
    this.observes = options.observer;
    this.facts = {
      closed: null,
      up: false,
      network: navigator.onLine,
      attempt: 1,
      seconds: 0,
      edits: 0,
      late: false,
      serverUnsaved: false,
      readOnly: options.observer ? "observer" : null,
    };
    this.save = saveState(this.facts);
    this.store = openStore(options.roomId, options.createdAt, this.doc);
    this.socket = new RoomSocket(options.url, (code) => this.closed(code));
    this.provider = this.makeProvider();
    this.pings = new Pings(
      (text) => this.provider.sendStateless(text),
      () => this.socket.drop(),
      () => this.changed.emit(),
    );
    this.doc.on("update", this.countEdit);
    window.addEventListener("online", this.tryNow);
    window.addEventListener("offline", this.wentOffline);
    window.addEventListener("beforeunload", this.askToStay);
    void this.store.ready.then(() => this.connect());
  }

  get latencyMs(): number | null {
    return this.facts.up ? this.pings.latencyMs : null;
  }

  /** The server has acknowledged every edit made so far. */
  get settled(): boolean {
    return this.facts.up && this.unanswered === 0;
  }

  /** Every edit that the server has not acknowledged is on the disk of this browser. */
  get kept(): boolean {
    return this.unanswered === 0 || this.onDisk === this.made;
  }

  get mayWrite(): boolean {
    return this.facts.readOnly === null && this.facts.closed === null;
  }

  readonly tryNow = (): void => {
    this.facts.network = navigator.onLine;
    if (this.facts.closed || this.facts.up || this.connectTimer) return;
    this.connect();
  };

  /** Gives up what this browser kept; the page has to be loaded again after it. */
  async discard(): Promise<void> {
    const { store } = this;
    this.destroy();
    await store.discard();
  }

  destroy(): void {
    this.gone = true;
    for (const timer of [this.retryTimer, this.lateTimer, this.connectTimer]) clearTimeout(timer);
    clearInterval(this.tickTimer);
    window.removeEventListener("online", this.tryNow);
    window.removeEventListener("offline", this.wentOffline);
    window.removeEventListener("beforeunload", this.askToStay);
    this.pings.stop();
    this.provider.destroy();
    this.socket.destroy();
    this.store.close();
    this.doc.destroy();
  }

  private makeProvider(): HocuspocusProvider {
    const provider = new HocuspocusProvider({
      name: `${this.options.roomId}/main`,
      websocketProvider: this.socket,
      document: this.doc,
      awareness: this.awareness,
      token: this.options.token ?? "",
      onUnsyncedChanges: () => this.settle(),
      onSynced: () => this.settle(),
      onStateless: ({ payload }) => this.receive(payload),
      onMessage: ({ event }) => this.watchRefusal(event.data),
      onAuthenticationFailed: ({ reason }) => this.denied(reason),
      onAuthenticated: ({ scope }) => this.granted(scope === "readonly"),
    });
    provider.attach();
    return provider;
  }

  private connect(): void {
    if (this.gone) return;
    clearTimeout(this.retryTimer);
    clearInterval(this.tickTimer);
    this.facts.seconds = 0;
    this.refused = false;
    forgetOthers(this.awareness);
    this.connectTimer = window.setTimeout(() => this.socket.drop(), CONNECT_MS);
    void this.socket.connect();
    this.update();
  }

  private closed(code: number): void {
    clearTimeout(this.connectTimer);
    this.connectTimer = 0;
    if (this.gone || this.facts.closed) return;
    const reason = finalReason(code);
    if (reason) {
      this.end(code, reason);
      return;
    }
    if (this.facts.up) this.facts.attempt = 0;
    this.facts.attempt += 1;
    this.down();
    this.schedule(retryDelay(this.facts.attempt, code));
    this.update();
  }

  private down(): void {
    const wasUp = this.facts.up;
    this.facts.up = false;
    this.facts.serverUnsaved = false;
    this.pings.stop();
    if (wasUp) this.onDown();
  }

  private schedule(delay: number): void {
    clearTimeout(this.retryTimer);
    clearInterval(this.tickTimer);
    this.nextTryAt = Date.now() + delay;
    this.retryTimer = window.setTimeout(() => this.connect(), delay);
    this.tickTimer = window.setInterval(() => this.update(), 1_000);
  }

  private end(code: number, reason: ClosedReason): void {
    this.facts.closed = { code, reason };
    this.down();
    clearTimeout(this.retryTimer);
    clearInterval(this.tickTimer);
    this.socket.disconnect();
    this.update();
  }

  private denied(reason: string): void {
    const signedOut = /token|authenticat|4401/i.test(reason) && !/forbidden/i.test(reason);
    if (/no.?room|not.?found|4404/i.test(reason)) this.end(4404, "no_room");
    else if (signedOut) this.end(4401, "signed_out");
    else this.end(4403, "forbidden");
  }

  /** At the start, and whenever a host changes it. */
  private granted(readOnly: boolean): void {
    this.observes = readOnly;
    this.setReadOnly(this.serverReadOnly ?? (this.refused ? "refused" : null));
    this.update();
  }

  private readonly wentOffline = (): void => {
    this.facts.network = false;
    this.socket.drop();
    this.update();
  };

  private readonly countEdit = (_update: Uint8Array, origin: unknown): void => {
    const mine = origin !== this.provider && !(origin instanceof Object && "whenSynced" in origin);
    if (!mine) return;
    this.made += 1;
    this.unanswered += 1;
    if (this.unanswered === 1) this.changed.emit();
    if (!this.counting) void this.countKept();
  };

  /** What is on no disk yet would go with the page. */
  private readonly askToStay = (event: BeforeUnloadEvent): void => {
    if (!this.kept) event.preventDefault();
  };

  /** An edit counts as kept here when it is on the disk, not before. */
  private async countKept(): Promise<void> {
    this.counting = true;
    while (this.onDisk < this.made && !this.gone) {
      const { made } = this;
      if (!(await this.store.flushed())) break;
      this.onDisk = made;
      this.facts.edits = Math.max(0, this.unanswered - (this.made - made));
      this.update();
    }
    this.counting = false;
  }

  /** The provider's counter moved: 0 after the handshake means that the server has everything. */
  private settle(): void {
    const { isSynced, unsyncedChanges } = this.provider;
    if (!isSynced || (unsyncedChanges > 0 && !this.refused)) {
      this.lateTimer ||= window.setTimeout(() => this.becomeLate(), LATE_MS);
      return;
    }
    clearTimeout(this.lateTimer);
    this.lateTimer = 0;
    this.facts.late = false;
    if (unsyncedChanges === 0) this.facts.edits = this.unanswered = 0;
    if (!this.facts.up) this.cameUp();
    this.update();
    this.changed.emit();
  }

  private becomeLate(): void {
    this.lateTimer = 0;
    this.facts.late = true;
    this.update();
  }

  private cameUp(): void {
    clearTimeout(this.connectTimer);
    this.connectTimer = 0;
    this.facts.up = true;
    this.facts.network = true;
    this.facts.attempt = 1;
    this.setReadOnly(this.serverReadOnly ?? (this.refused ? "refused" : null));
    this.pings.start();
    this.onUp();
  }

  private receive(payload: string): void {
    const event = readEvent(payload);
    if (!event) return;
    if (event.type === "pong") this.pings.answer(event.id);
    else if (event.type === "state") this.serverState(event.unsaved, event.readOnly);
    else this.onEvent(event);
  }

  private serverState(unsaved: boolean, readOnly: ReadOnlyReason | null): void {
    const writableAgain = this.serverReadOnly !== null && readOnly === null;
    this.facts.serverUnsaved = unsaved;
    this.serverReadOnly = readOnly;
    this.setReadOnly(readOnly);
    // Edits that were refused meanwhile travel with a new handshake.
    if (writableAgain && (this.refused || this.provider.unsyncedChanges > 0)) this.socket.drop();
    this.update();
  }

  private watchRefusal(data: unknown): void {
    if (!(data instanceof ArrayBuffer) || !refusesEdit(data)) return;
    this.refused = true;
    this.setReadOnly(this.serverReadOnly ?? "refused");
    this.settle();
  }

  private setReadOnly(reason: ReadOnlyReason | null): void {
    this.facts.readOnly = this.observes ? "observer" : reason;
  }

  private update(): void {
    if (this.gone) return;
    this.facts.seconds = Math.max(0, Math.ceil((this.nextTryAt - Date.now()) / 1_000));
    const next = saveState(this.facts);
    if (sameState(next, this.save)) return;
    this.save = next;
    this.changed.emit();
  }
}
