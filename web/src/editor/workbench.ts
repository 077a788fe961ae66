import type { EditorView } from "@codemirror/view";
import { createContext, useContext, useSyncExternalStore } from "react";
import { Signal } from "../collab/signal";
import type { MarkPlace } from "../run/marks";
import type { Indent } from "./indent";
import { type EditorSettings, SettingsStore } from "./settings";

/** Where my caret is. */
export interface CaretFacts {
  line: number;
  column: number;
  /** Characters selected, in all ranges. */
  selected: number;
  indent: Indent;
}

/** What the parts of the room's page share about the one editor in front. */
export class Workbench {
  readonly changed = new Signal();
  readonly settings = new SettingsStore();
  /** Errors of runs are at other places now. */
  readonly marked = new Signal();
  marksOf: (fileId: string) => MarkPlace[] = () => [];
  view: EditorView | null = null;
  caret: CaretFacts | null = null;

  attach(view: EditorView | null): void {
    this.view = view;
    if (!view) this.setCaret(null);
    this.changed.emit();
  }

  setCaret(caret: CaretFacts | null): void {
    if (JSON.stringify(caret) === JSON.stringify(this.caret)) return;
    this.caret = caret;
    this.changed.emit();
  }

  focusEditor(): void {
    this.view?.focus();
  }
}

const WorkbenchContext = createContext<Workbench | null>(null);

export const WorkbenchProvider = WorkbenchContext.Provider;

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (!workbench) throw new Error("useWorkbench needs a WorkbenchProvider");
  return workbench;
}

export function useCaret(): CaretFacts | null {
  const workbench = useWorkbench();
  return useSyncExternalStore(workbench.changed.subscribe, () => workbench.caret);
}

export function useEditorSettings(): EditorSettings {
  const { settings } = useWorkbench();
  return useSyncExternalStore(settings.changed.subscribe, () => settings.current);
}
