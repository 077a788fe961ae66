import * as Y from "yjs";
import { Signal } from "../collab/signal";
import { freePath, newFileId, parentOf, shownPaths, unixLines } from "./paths";

export interface FileEntry {
  id: string;
  /** As shown: two files that claim one path are told apart. */
  path: string;
  folder: boolean;
}

type Stored = Y.Map<unknown>;

/** The files of a room, read from and written to the map `files` of the document. */
export class FileList {
  readonly changed = new Signal();
  /** By path. */
  entries: readonly FileEntry[] = [];
  private byId = new Map<string, FileEntry>();
  private readonly map: Y.Map<Stored>;
  private readonly watched = new Map<Stored, () => void>();

  constructor(private readonly doc: Y.Doc) {
    this.map = doc.getMap<Stored>("files");
    this.map.observe(this.refresh);
    this.refresh();
  }

  get(id: string): FileEntry | null {
    return this.byId.get(id) ?? null;
  }

  byPath(path: string): FileEntry | null {
    return this.entries.find((entry) => entry.path === path) ?? null;
  }

  text(id: string): Y.Text | null {
    const text = this.map.get(id)?.get("text");
    return text instanceof Y.Text ? text : null;
  }

  /** Answers the new id. The path gets a number when it is taken. */
  create(path: string, content = ""): string {
    const id = newFileId();
    this.put(id, freePath(path, this.takenPaths()), content);
    return id;
  }

  createFolder(path: string): void {
    this.doc.transact(() => {
      const stored: Stored = new Y.Map();
      stored.set("path", path);
      stored.set("folder", true);
      this.map.set(newFileId(), stored);
    });
  }

  /** Moves a file, or a folder with everything in it. */
  move(from: string, to: string): void {
    this.doc.transact(() => {
      for (const entry of this.under(from)) {
        this.map.get(entry.id)?.set("path", to + entry.path.slice(from.length));
      }
    });
  }

  /** Moves one file, also when another claims its path. */
  moveFile(id: string, to: string): void {
    this.map.get(id)?.set("path", to);
  }

  /** Removes files and answers how to bring them back. */
  remove(ids: readonly string[]): () => void {
    const kept = ids.flatMap((id) => {
      const entry = this.byId.get(id);
      return entry ? [{ ...entry, content: this.text(id)?.toString() ?? "" }] : [];
    });
    this.doc.transact(() => {
      for (const id of ids) this.map.delete(id);
    });
    return () => this.doc.transact(() => kept.forEach(this.restore));
  }

  /** Files and kept folders at `path` and below. */
  under(path: string): FileEntry[] {
    return this.entries.filter((one) => one.path === path || one.path.startsWith(`${path}/`));
  }

  takenPaths(): Set<string> {
    const taken = new Set<string>();
    for (const { path } of this.entries) {
      for (let part = path; part !== ""; part = parentOf(part)) taken.add(part);
    }
    return taken;
  }

  duplicate(id: string): string | null {
    const entry = this.byId.get(id);
    if (!entry) return null;
    return this.create(entry.path, this.text(id)?.toString() ?? "");
  }

  destroy(): void {
    this.map.unobserve(this.refresh);
    for (const [stored, stop] of this.watched) stored.unobserve(stop);
  }

  private readonly restore = (file: FileEntry & { content: string }): void => {
    if (file.folder) this.createFolder(file.path);
    else this.put(file.id, file.path, file.content);
  };

  private put(id: string, path: string, content: string): void {
    this.doc.transact(() => {
      const stored: Stored = new Y.Map();
      stored.set("path", path);
      stored.set("text", new Y.Text(unixLines(content)));
      this.map.set(id, stored);
    });
  }

  /** Watches names only: text changes must not rebuild the list. */
  private readonly refresh = (): void => {
    const named: { id: string; path: string; folder: boolean }[] = [];
    for (const [id, stored] of this.map.entries()) {
      if (!(stored instanceof Y.Map)) continue;
      const path = stored.get("path");
      if (typeof path !== "string") continue;
      named.push({ id, path, folder: stored.get("folder") === true });
      this.watch(stored);
    }
    const shown = shownPaths(named.filter((one) => !one.folder));
    const entries = named.map((one) => ({ ...one, path: shown.get(one.id) ?? one.path }));
    this.entries = entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    this.byId = new Map(this.entries.map((entry) => [entry.id, entry]));
    this.changed.emit();
  };

  private watch(stored: Stored): void {
    if (this.watched.has(stored)) return;
    stored.observe(this.refresh);
    this.watched.set(stored, this.refresh);
  }
}
