import * as Y from "yjs";
import type { ErrorLine } from "../api";
import { Signal } from "../collab/signal";
import type { FileList } from "../files/list";
import type { Run } from "./log";

/** An error at a line of a text, until that line changes. */
interface Mark {
  run: string;
  start: Y.RelativePosition;
  end: Y.RelativePosition;
  text: string;
  column: number;
  message: string;
}

/** Where an error stands now: offsets in the text, end excluded. */
export interface MarkPlace {
  from: number;
  to: number;
  message: string;
}

/** How far a line may have moved between the start of a run and its end. */
const NEAR = 40;

/**
 * The errors of the room's last runs at the lines they name, for as long as those stay as they were.
 * A new run of the same file takes the place of the one before.
 */
export class ErrorMarks {
  readonly changed = new Signal();
  private readonly byFile = new Map<string, Mark[]>();
  private readonly watched = new Map<Y.Text, () => void>();
  private newest = new Map<string, Run>();

  constructor(private readonly files: FileList) {}

  /** All runs of the room, oldest first; called whenever they change. */
  follow(runs: readonly Run[]): void {
    const newest = new Map(runs.map((run) => [run.fileId ?? run.path ?? run.id, run]));
    for (const [file, run] of newest) {
      const before = this.newest.get(file);
      if (before?.id === run.id && (before.finished !== null) === (run.finished !== null)) continue;
      if (before && before.id !== run.id) this.forget(before.id);
      if (run.finished) this.add(run.id, run.finished.errors ?? []);
    }
    this.newest = newest;
  }

  /** The marks of one file where they stand now. */
  of(fileId: string): MarkPlace[] {
    const text = this.files.text(fileId);
    const marks = this.byFile.get(fileId) ?? [];
    return text ? marks.flatMap((mark) => placeOf(mark, text)) : [];
  }

  private add(run: string, errors: readonly ErrorLine[]): void {
    for (const error of errors) {
      const file = this.files.byPath(error.path);
      const text = file && this.files.text(file.id);
      const mark = text && anchored(run, error, text);
      if (!mark) continue;
      this.byFile.set(file.id, [...(this.byFile.get(file.id) ?? []), mark]);
      this.watch(file.id, text);
    }
    if (errors.length > 0) this.changed.emit();
  }

  private forget(run: string): void {
    for (const [file, marks] of this.byFile) {
      this.byFile.set(
        file,
        marks.filter((mark) => mark.run !== run),
      );
    }
    this.changed.emit();
  }

  private watch(fileId: string, text: Y.Text): void {
    if (this.watched.has(text)) return;
    const tidy = () => this.tidy(fileId, text);
    text.observe(tidy);
    this.watched.set(text, tidy);
  }

  /** A line that was edited has another error now, or none. */
  private tidy(fileId: string, text: Y.Text): void {
    const marks = this.byFile.get(fileId) ?? [];
    const kept = marks.filter((mark) => placeOf(mark, text).length > 0);
    if (kept.length === marks.length) return;
    this.byFile.set(fileId, kept);
    this.changed.emit();
  }
}

/** Null when the line is not there any more. */
function anchored(run: string, error: ErrorLine, text: Y.Text): Mark | null {
  const content = text.toString();
  const lines = content.split("\n");
  const at = lineNow(lines, error);
  const line = lines[at];
  if (line === undefined || line.trim() === "") return null;
  const from = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
  return {
    run,
    start: Y.createRelativePositionFromTypeIndex(text, from),
    end: Y.createRelativePositionFromTypeIndex(text, from + line.length),
    text: line,
    column: error.column,
    message: error.message,
  };
}

/** The index of the line that was meant: people may have written above it meanwhile. */
function lineNow(lines: readonly string[], { line, text }: ErrorLine): number {
  const said = line - 1;
  if (text === undefined) return said;
  const same = (at: number) => lines[at]?.slice(0, text.length) === text && text !== "";
  for (let away = 0; away <= NEAR; away += 1) {
    if (same(said + away)) return said + away;
    if (same(said - away)) return said - away;
  }
  return -1;
}

function placeOf({ start, end, text: line, column, message }: Mark, text: Y.Text): MarkPlace[] {
  const { doc } = text;
  if (!doc) return [];
  const first = Y.createAbsolutePositionFromRelativePosition(start, doc)?.index;
  const last = Y.createAbsolutePositionFromRelativePosition(end, doc)?.index;
  if (first === undefined || last === undefined || last - first !== line.length) return [];
  const content = text.toString();
  if (content.slice(first, last) !== line || (first > 0 && content[first - 1] !== "\n")) return [];
  const indent = line.length - line.trimStart().length;
  const from = first + (column > 1 && column <= line.length ? column - 1 : indent);
  return [{ from, to: last, message }];
}
