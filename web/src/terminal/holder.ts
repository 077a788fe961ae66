import type { Size } from "../api";
import { retryDelay } from "../collab/backoff";

const LONGEST_MS = 5_000;

export interface HolderEvents {
  /** The whole screen follows: what was shown before counts no more. */
  begin(): void;
  show(text: string): void;
  /** The run is over and everything was shown. */
  over(): void;
  /** Whether what is typed arrives. */
  up(up: boolean): void;
}

/** Holds the terminal of a run over its socket, in the messages of docs/api.md, until the run is over. */
export class Holder {
  private socket: WebSocket | null = null;
  private timer = 0;
  private attempt = 1;
  private ended = false;

  constructor(
    private readonly url: string,
    private readonly events: HolderEvents,
  ) {
    this.connect();
  }

  get isUp(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  type(text: string): void {
    this.say("stdin", text);
  }

  resize({ rows, columns }: Size): void {
    this.say("set_size", rows, columns);
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private say(...message: (string | number)[]): void {
    if (this.isUp) this.socket?.send(JSON.stringify(message));
  }

  private connect(): void {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onmessage = ({ data }) => this.hear(JSON.parse(String(data)) as [string, unknown]);
    socket.onclose = ({ code }) => this.lost(code);
  }

  private hear([kind, value]: [string, unknown]): void {
    if (this.ended) return;
    if (kind === "stdout") this.events.show(String(value));
    else if (kind === "disconnect") this.finish();
    else if (kind === "setup") {
      this.attempt = 1;
      this.events.begin();
      this.events.up(true);
    }
  }

  private finish(): void {
    this.ended = true;
    this.events.over();
  }

  /** A run that is over refuses with an HTTP answer, which a page cannot tell from a lost network. */
  private lost(code: number): void {
    if (this.ended) return;
    this.events.up(false);
    this.attempt += 1;
    this.timer = window.setTimeout(
      () => this.connect(),
      Math.min(LONGEST_MS, retryDelay(this.attempt, code)),
    );
  }
}
