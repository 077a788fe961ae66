import type { RunStream } from "../api";
import { AnsiReader, type Style } from "./ansi";

export interface Span {
  text: string;
  stream: RunStream;
  style: Style;
}

export interface Line {
  id: number;
  spans: readonly Span[];
}

/** Lines are drawn in blocks, so that growing output redraws only the last one. */
export interface Block {
  id: number;
  lines: readonly Line[];
}

export const BLOCK_LINES = 100;
export const KEPT_LINES = 10_000;
/** A longer line is broken, or one line without an end would stop the page. */
export const LINE_LENGTH = 4_000;

/** What a run printed and what people typed, as lines. Grows only at its end. */
export class OutputBuffer {
  /** Whole first blocks, then the open one; a new array after each change. */
  blocks: readonly Block[] = [];
  /** Lines that were let go at the beginning. */
  dropped = 0;
  private readonly readers = new Map<RunStream, AnsiReader>();
  private readonly pieces: string[] = [];
  private closed: readonly Block[] = [];
  private open: Line[] = [];
  private spans: Span[] = [];
  private length = 0;
  private overwrite = false;
  private lastId = 0;

  append(stream: RunStream, text: string): void {
    this.pieces.push(text);
    for (const token of this.readerOf(stream).read(text)) {
      if (token.kind === "text") this.write({ text: token.text, stream, style: token.style });
      else if (token.kind === "newline") this.endLine();
      else if (token.kind === "return") this.overwrite = true;
      else this.erase();
    }
    this.publish();
  }

  get empty(): boolean {
    return this.pieces.length === 0;
  }

  /** Everything as it came, without escape sequences. */
  get text(): string {
    const reader = new AnsiReader();
    const tokens = this.pieces.flatMap((piece) => reader.read(piece));
    return tokens
      .map((token) => (token.kind === "text" ? token.text : token.kind === "newline" ? "\n" : ""))
      .join("");
  }

  /** The last lines with something in them, for places without room. */
  tail(count: number): Line[] {
    const last = this.blocks.slice(-2).flatMap((block) => block.lines);
    return last.filter((line) => line.spans.length > 0).slice(-count);
  }

  private readerOf(stream: RunStream): AnsiReader {
    let reader = this.readers.get(stream);
    if (!reader) {
      reader = new AnsiReader();
      this.readers.set(stream, reader);
    }
    return reader;
  }

  private erase(): void {
    if (!this.overwrite) return;
    this.spans = [];
    this.length = 0;
    this.overwrite = false;
  }

  private write(span: Span): void {
    this.erase();
    let { text } = span;
    while (this.length + text.length > LINE_LENGTH) {
      const room = LINE_LENGTH - this.length;
      this.push({ ...span, text: text.slice(0, room) });
      text = text.slice(room);
      this.endLine();
    }
    this.push({ ...span, text });
  }

  private push(span: Span): void {
    if (!span.text) return;
    const last = this.spans.at(-1);
    if (last && last.stream === span.stream && last.style === span.style) {
      this.spans = [...this.spans.slice(0, -1), { ...last, text: last.text + span.text }];
    } else this.spans = [...this.spans, span];
    this.length += span.text.length;
  }

  private endLine(): void {
    this.open.push({ id: this.lastId, spans: this.spans });
    this.lastId += 1;
    this.spans = [];
    this.length = 0;
    this.overwrite = false;
    if (this.open.length === BLOCK_LINES) this.closeBlock();
  }

  private closeBlock(): void {
    const [first] = this.open;
    const blocks = [...this.closed, { id: first?.id ?? 0, lines: this.open }];
    const surplus = Math.max(0, blocks.length - KEPT_LINES / BLOCK_LINES);
    this.dropped += surplus * BLOCK_LINES;
    this.closed = blocks.slice(surplus);
    this.open = [];
  }

  private publish(): void {
    const current: Line = { id: this.lastId, spans: this.spans };
    const lines = this.spans.length > 0 ? [...this.open, current] : [...this.open];
    const [first] = lines;
    this.blocks = first ? [...this.closed, { id: first.id, lines }] : this.closed;
  }
}
