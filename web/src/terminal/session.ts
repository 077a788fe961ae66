import type { Size } from "../api";
import type { Run, Tape } from "../run/log";
import { Holder } from "./holder";
import type { Screen } from "./screen";

/** The newest size on the tape; a terminal always began with one. */
export function sizeOf(tape: Tape): Size {
  const sizes = tape.filter((piece) => typeof piece !== "string");
  return sizes.at(-1) ?? { rows: 24, columns: 80 };
}

/**
 * One run's terminal on this page. Who may type holds its socket; others, and a run that is over, are
 * drawn from the room's entries.
 */
export class TerminalSession {
  private holder: Holder | null = null;
  private tape: Tape = [];
  private played = 0;
  private playing: Promise<void> = Promise.resolve();
  private whole = false;
  private ended = false;
  private told = "";

  constructor(
    private readonly screen: Screen,
    /** Null for who may only look. */
    private readonly url: string | null,
    private readonly onUp: (up: boolean) => void,
  ) {}

  /** What is known of the run now; called whenever that changes. */
  update(run: Run): void {
    const { tape } = run;
    if (!tape) return;
    const over = run.finished !== null;
    if (this.url && !over && !this.holder) this.hold(this.url);
    if (this.holder && !over) this.follow(tape);
    else if (!this.whole) this.draw(tape);
    if (over && !this.ended) this.end();
  }

  type(text: string): void {
    this.holder?.type(text);
  }

  /** The panel is mine: the program shall fill it. */
  claim(): void {
    if (!this.holder?.isUp || this.ended) return;
    const size = this.screen.fitted;
    const words = JSON.stringify(size);
    if (words === this.told) return;
    this.told = words;
    this.screen.show(size);
    this.holder.resize(size);
  }

  close(): void {
    this.holder?.close();
  }

  private hold(url: string): void {
    this.holder = new Holder(url, {
      begin: () => {
        this.screen.clear();
        this.told = "";
        if (this.screen.hasFocus) this.claim();
      },
      show: (text) => this.screen.write(text),
      over: () => {
        this.whole = true;
      },
      up: this.onUp,
    });
  }

  /** Only the sizes: the socket shows the rest, sooner. */
  private follow(tape: Tape): void {
    if (this.tape !== tape && this.played > 0) this.screen.clear();
    const fresh = tape === this.tape ? tape.slice(this.played) : tape;
    this.tape = tape;
    this.played = tape.length;
    if (!fresh.some((piece) => typeof piece !== "string")) return;
    const size = sizeOf(tape);
    this.told = JSON.stringify(size);
    this.screen.show(size);
  }

  private draw(tape: Tape): void {
    if (this.holder || (this.tape !== tape && this.played > 0)) this.again();
    this.tape = tape;
    const fresh = tape.slice(this.played);
    this.played = tape.length;
    if (fresh.length > 0) this.playing = this.playing.then(() => this.screen.play(fresh));
  }

  /** What the socket showed is not all of it, or the run began again. */
  private again(): void {
    this.holder?.close();
    this.holder = null;
    this.played = 0;
    this.playing = this.playing.then(() => this.screen.clear());
  }

  private end(): void {
    this.ended = true;
    this.onUp(true);
    this.holder?.close();
    void this.playing.then(() => this.screen.end());
  }
}
