import { Signal } from "../collab/signal";
import type { Position } from "../collab/types";
import type { FileList } from "./list";

export interface Jump extends Position {
  fileId: string;
  /** Counts up, so that the same place can be asked for twice. */
  turn: number;
}

interface Remembered {
  tabs: string[];
  active: string | null;
}

const KEY = "sangam.tabs.";

/** Which files are open on this page and which one is in front. */
export class OpenTabs {
  readonly changed = new Signal();
  tabs: readonly string[] = [];
  active: string | null = null;
  /** The last place somebody asked to see. */
  jump: Jump | null = null;
  private turn = 0;
  private chosen = false;

  constructor(
    private readonly roomId: string,
    private readonly files: FileList,
  ) {
    this.recall();
    files.changed.subscribe(this.tidy);
    this.tidy();
  }

  open(fileId: string, position?: Position): void {
    if (!this.tabs.includes(fileId)) this.tabs = [...this.tabs, fileId];
    this.active = fileId;
    this.chosen = true;
    if (position) this.jump = { ...position, fileId, turn: ++this.turn };
    this.save();
  }

  close(fileId: string): void {
    const at = this.tabs.indexOf(fileId);
    if (at < 0) return;
    this.tabs = this.tabs.filter((id) => id !== fileId);
    if (this.active === fileId) this.active = this.tabs[at] ?? this.tabs[at - 1] ?? null;
    this.chosen = true;
    this.save();
  }

  /** Steps to the next or previous tab, around the ends. */
  step(by: number): void {
    if (this.active === null || this.tabs.length < 2) return;
    const at = this.tabs.indexOf(this.active) + by + this.tabs.length;
    const next = this.tabs[at % this.tabs.length];
    if (next) this.open(next);
  }

  /** Deleted files leave; the first file of a room opens by itself, once. */
  private readonly tidy = (): void => {
    const alive = this.tabs.filter((id) => this.files.get(id) !== null);
    const files = this.files.entries.filter((entry) => !entry.folder);
    const first = files.find((entry) => !/readme|\.md$/i.test(entry.path)) ?? files[0];
    if (alive.length === 0 && first && !this.chosen) {
      this.open(first.id);
      this.chosen = false;
      return;
    }
    if (files.length === 0 && !this.chosen) return;
    if (alive.length === this.tabs.length) return;
    this.tabs = alive;
    if (this.active && !alive.includes(this.active)) this.active = alive.at(-1) ?? null;
    this.save();
  };

  private recall(): void {
    try {
      const kept = JSON.parse(
        localStorage.getItem(KEY + this.roomId) ?? "null",
      ) as Remembered | null;
      this.tabs = kept?.tabs ?? [];
      this.active = kept?.active ?? null;
    } catch {
      this.tabs = [];
    }
  }

  private save(): void {
    const kept: Remembered = { tabs: [...this.tabs], active: this.active };
    try {
      localStorage.setItem(KEY + this.roomId, JSON.stringify(kept));
    } catch {
      // Remembering is a comfort; nothing depends on it.
    }
    this.changed.emit();
  }
}
