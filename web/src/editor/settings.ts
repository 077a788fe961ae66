import { Signal } from "../collab/signal";
import type { Indent } from "./indent";

export interface EditorSettings {
  /** Pixels, 11 to 20. */
  fontSize: number;
  wrap: boolean;
  ligatures: boolean;
  /** Terminals are told to screen readers, at the price of some speed. */
  terminalReader: boolean;
  /** For files that show no indentation of their own. */
  indent: Indent;
}

export const SMALLEST = 11;
export const LARGEST = 20;
const KEY = "sangam.editor";
const INDENTS = "sangam.indents";
const FIRST: EditorSettings = {
  fontSize: 13,
  wrap: false,
  ligatures: false,
  terminalReader: false,
  indent: 4,
};

function read<T>(key: string, fallback: T): T {
  try {
    return { ...fallback, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<T>) };
  } catch {
    return fallback;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}

/** How this reader likes the editor; kept in this browser. */
export class SettingsStore {
  readonly changed = new Signal();
  current: EditorSettings = read(KEY, FIRST);
  private indents = read<Record<string, Indent>>(INDENTS, {});

  set(change: Partial<EditorSettings>): void {
    this.current = { ...this.current, ...change };
    write(KEY, this.current);
    this.changed.emit();
  }

  enlarge(by: number): void {
    const fontSize = this.current.fontSize + by;
    this.set({ fontSize: Math.min(LARGEST, Math.max(SMALLEST, fontSize)) });
  }

  /** What I chose for one file, against what it shows. */
  indentOf(fileId: string): Indent | null {
    return this.indents[fileId] ?? null;
  }

  chooseIndent(fileId: string, indent: Indent): void {
    this.indents = { ...this.indents, [fileId]: indent };
    write(INDENTS, this.indents);
    this.changed.emit();
  }
}
