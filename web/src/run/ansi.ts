/** How a program asked for text to look; colours are the terminal's sixteen. */
export interface Style {
  color: number | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

export type Token =
  | { kind: "text"; text: string; style: Style }
  | { kind: "newline" }
  | { kind: "return" }
  | { kind: "erase" };

export const PLAIN: Style = {
  color: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
};

const ESC = "\u001b";
/** CSI, OSC (closed by BEL or ST), and two-character escapes. */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what escape sequences are made of
  /^\u001b(?:\[([0-?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()#][0-9A-Za-z]|[^[\]()#])/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters end a piece of text
const PLAIN_RUN = /^[^\u0000-\u0008\u000a-\u001f\u007f]+/;
const LONGEST_SEQUENCE = 256;

const ATTRIBUTES: Record<number, Partial<Style>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  39: { color: null },
};

/** Reads one stream piece by piece; a sequence may be cut between two pieces. */
export class AnsiReader {
  private style: Style = PLAIN;
  private rest = "";

  read(piece: string): Token[] {
    let text = this.rest + piece;
    this.rest = "";
    const tokens: Token[] = [];
    while (text) {
      const plain = PLAIN_RUN.exec(text)?.[0];
      if (plain) {
        tokens.push({ kind: "text", text: plain, style: this.style });
        text = text.slice(plain.length);
        continue;
      }
      const used = this.control(text, tokens);
      if (used === 0) {
        this.rest = text;
        break;
      }
      text = text.slice(used);
    }
    return tokens;
  }

  /** How many characters it took; 0 when the sequence is not whole yet. */
  private control(text: string, tokens: Token[]): number {
    if (text[0] === "\n") tokens.push({ kind: "newline" });
    else if (text[0] === "\r") return this.carriageReturn(text, tokens);
    else if (text[0] === ESC) return this.escape(text, tokens);
    return 1;
  }

  private carriageReturn(text: string, tokens: Token[]): number {
    if (text.length === 1) return 0;
    if (text[1] !== "\n") tokens.push({ kind: "return" });
    return 1;
  }

  private escape(text: string, tokens: Token[]): number {
    const match = SEQUENCE.exec(text);
    if (!match) return text.length < LONGEST_SEQUENCE ? 0 : 1;
    const [whole, parameters = "", final] = match;
    if (final === "m") this.restyle(parameters);
    else if (final === "K") tokens.push({ kind: "erase" });
    return whole.length;
  }

  private restyle(parameters: string): void {
    const codes = parameters.split(/[;:]/).map(Number);
    for (let index = 0; index < codes.length; index += 1) {
      const code = codes[index] ?? 0;
      if (code === 38 || code === 48) {
        const indexed = codes[index + 1] === 5;
        const color = codes[index + 2] ?? 0;
        if (code === 38 && indexed && color < 16) this.style = { ...this.style, color };
        index += indexed ? 2 : 4;
      } else this.style = restyled(this.style, code);
    }
  }
}

function restyled(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 };
  return { ...style, ...ATTRIBUTES[code] };
}
