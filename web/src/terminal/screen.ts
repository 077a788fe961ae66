import { FitAddon } from "@xterm/addon-fit";
import { type IBufferLine, type ILink, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import type { Size } from "../api";
import { type Place, placesIn } from "../run/places";
import { codeFont, themeNow, watchTheme } from "./look";

export interface ScreenOptions {
  parent: HTMLElement;
  label: string;
  size: Size;
  fontSize: number;
  onType: (text: string) => void;
  paths: () => ReadonlySet<string>;
  onPlace: (place: Place) => void;
}

const SMALLEST_FONT = 8;
const SCROLLBACK = 5_000;

/** One drawn terminal. It has the size of the program's; where that is larger than the panel, smaller letters. */
export class Screen {
  private readonly terminal: Terminal;
  private readonly fit = new FitAddon();
  private readonly unwatch: () => void;
  private size: Size;
  private fontSize: number;

  constructor(private readonly options: ScreenOptions) {
    this.size = options.size;
    this.fontSize = options.fontSize;
    this.terminal = new Terminal({
      rows: options.size.rows,
      cols: options.size.columns,
      fontFamily: codeFont(),
      fontSize: options.fontSize,
      lineHeight: 1.25,
      theme: themeNow(),
      minimumContrastRatio: 4.5,
      scrollback: SCROLLBACK,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      macOptionIsMeta: true,
    });
    this.terminal.loadAddon(this.fit);
    this.terminal.open(options.parent);
    this.terminal.textarea?.setAttribute("aria-label", options.label);
    this.terminal.onData(options.onType);
    this.terminal.attachCustomKeyEventHandler((event) => this.takes(event));
    this.terminal.registerLinkProvider({
      provideLinks: (row, callback) => callback(this.links(row)),
    });
    this.unwatch = watchTheme(() => {
      this.terminal.options.theme = themeNow();
    });
  }

  /** Does this size fill the panel in the reader's letters? */
  get fitted(): Size {
    this.terminal.options.fontSize = this.fontSize;
    const found = this.fit.proposeDimensions();
    this.scale();
    const { rows, cols } = found ?? { rows: this.size.rows, cols: this.size.columns };
    return { rows: Math.max(2, rows || 2), columns: Math.max(10, cols || 10) };
  }

  get hasFocus(): boolean {
    return document.activeElement === this.terminal.textarea;
  }

  /** Which is the element that has the focus while somebody types. */
  get field(): HTMLTextAreaElement | undefined {
    return this.terminal.textarea;
  }

  write(text: string, done?: () => void): void {
    this.terminal.write(text, done);
  }

  /** Everything in its order; sizes change only what comes after them. */
  async play(pieces: readonly (string | Size)[]): Promise<void> {
    for (const piece of pieces) {
      if (typeof piece === "string") await new Promise<void>((done) => this.write(piece, done));
      else this.show(piece);
    }
  }

  clear(): void {
    this.terminal.reset();
  }

  show(size: Size): void {
    if (size.rows !== this.size.rows || size.columns !== this.size.columns) {
      this.size = size;
      this.terminal.resize(size.columns, size.rows);
    }
    this.scale();
  }

  setFont(fontSize: number): void {
    this.fontSize = fontSize;
    this.scale();
  }

  /** The panel has another size. */
  refit(): void {
    this.scale();
  }

  /** Nobody types any more: no cursor, and no more rows than fit. */
  end(): void {
    this.write("\u001b[?25l", () => {
      const rows = Math.min(this.size.rows, this.fitted.rows);
      this.show({ rows, columns: this.size.columns });
      this.terminal.scrollToBottom();
    });
    this.lock(true);
  }

  lock(locked: boolean): void {
    this.terminal.options.disableStdin = locked;
  }

  setReader(on: boolean): void {
    this.terminal.options.screenReaderMode = on;
  }

  focus(): void {
    this.terminal.focus();
  }

  dispose(): void {
    this.unwatch();
    this.terminal.dispose();
  }

  /** The largest letters up to the reader's own in which the size fits. */
  private scale(): void {
    const { options } = this.terminal;
    options.fontSize = this.fontSize;
    const room = this.fit.proposeDimensions();
    if (!room?.cols || !room.rows) return;
    const part = Math.min(1, room.cols / this.size.columns, room.rows / this.size.rows);
    if (part < 1) options.fontSize = Math.max(SMALLEST_FONT, Math.floor(this.fontSize * part));
  }

  /** False leaves a key to the page: pasting, and copying what is selected. */
  private takes(event: KeyboardEvent): boolean {
    const mod = event.ctrlKey || event.metaKey;
    if (event.key === "F6") return false;
    if (!mod || event.altKey) return true;
    const key = event.key.toLowerCase();
    if (key === "v") return false;
    if (key !== "c" || (!event.shiftKey && !this.terminal.hasSelection())) return true;
    if (event.type === "keydown") {
      void navigator.clipboard?.writeText(this.terminal.getSelection()).catch(() => undefined);
      this.terminal.clearSelection();
    }
    event.preventDefault();
    return false;
  }

  private links(row: number): ILink[] {
    const line: IBufferLine | undefined = this.terminal.buffer.active.getLine(row - 1);
    const text = line?.translateToString(true) ?? "";
    return placesIn(text, this.options.paths()).map((place) => ({
      text: text.slice(place.from, place.to),
      range: { start: { x: place.from + 1, y: row }, end: { x: place.to, y: row } },
      activate: () => this.options.onPlace(place),
    }));
  }
}
