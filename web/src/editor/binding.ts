import { EditorSelection, type EditorState, type Extension } from "@codemirror/state";
import { EditorView, type KeyBinding, ViewPlugin } from "@codemirror/view";
import { YSyncConfig, ySync, ySyncFacet } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

/** What stays with a text while its tab is closed and opened again: above all what I can undo. */
export interface Binding {
  config: YSyncConfig;
  undo: Y.UndoManager;
}

const bindings = new WeakMap<Y.Text, Binding>();

export function bindingOf(text: Y.Text, awareness: Awareness): Binding {
  const known = bindings.get(text);
  if (known) return known;
  const config = new YSyncConfig(text, awareness);
  // Only what came through this editor is tracked: undo never takes back somebody else's work.
  const undo = new Y.UndoManager(text, { trackedOrigins: new Set([config]), captureTimeout: 400 });
  const made = { config, undo };
  bindings.set(text, made);
  return made;
}

interface Delta {
  insert?: unknown;
  delete?: number;
  retain?: number;
}

/** Where a change ends in the new text. */
export function endOfChange(delta: readonly Delta[]): number | null {
  let at = 0;
  let end: number | null = null;
  for (const part of delta) {
    if (typeof part.insert === "string") at += part.insert.length;
    else if (part.retain !== undefined) at += part.retain;
    if (part.retain === undefined) end = at;
  }
  return end;
}

interface Popped {
  changedParentTypes: Map<unknown, Y.YEvent<Y.Text>[]>;
}

/** After undo and redo the change is in view with the caret at its end. */
function showUndone({ config, undo }: Binding): Extension {
  return ViewPlugin.define((view) => {
    const show = ({ changedParentTypes }: Popped) => {
      const event = changedParentTypes.get(config.ytext)?.[0];
      const end = event ? endOfChange(event.delta as Delta[]) : null;
      if (end === null || end > view.state.doc.length) return;
      view.dispatch({
        selection: EditorSelection.cursor(end),
        effects: EditorView.scrollIntoView(end, { y: "nearest", yMargin: 60 }),
      });
    };
    undo.on("stack-item-popped", show);
    return { destroy: () => undo.off("stack-item-popped", show) };
  });
}

export function undoKeys({ undo }: Binding): KeyBinding[] {
  const back = (target: { state: EditorState }) => {
    if (!target.state.readOnly) undo.undo();
    return true;
  };
  const forth = (target: { state: EditorState }) => {
    if (!target.state.readOnly) undo.redo();
    return true;
  };
  return [
    { key: "Mod-z", run: back, preventDefault: true },
    { key: "Mod-y", mac: "Mod-Shift-z", run: forth, preventDefault: true },
    { key: "Mod-Shift-z", run: forth, preventDefault: true },
  ];
}

/** The text in both directions, and undo from the menus of phones. */
export function bound(binding: Binding): Extension {
  const { config, undo } = binding;
  const beforeinput = (event: InputEvent) => {
    if (event.inputType === "historyUndo") undo.undo();
    else if (event.inputType === "historyRedo") undo.redo();
    else return false;
    event.preventDefault();
    return true;
  };
  return [
    ySyncFacet.of(config),
    ySync,
    showUndone(binding),
    EditorView.domEventHandlers({ beforeinput }),
  ];
}

function managerOf(view: EditorView | null): Y.UndoManager | null {
  const text = view?.state.facet(ySyncFacet)?.ytext as Y.Text | undefined;
  return view && text && !view.state.readOnly ? (bindings.get(text)?.undo ?? null) : null;
}

/** Undo for buttons. */
export function undoIn(view: EditorView | null): void {
  managerOf(view)?.undo();
}

export function redoIn(view: EditorView | null): void {
  managerOf(view)?.redo();
}
