import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { unixLines } from "../files/paths";
import { t } from "../i18n";
import { type Binding, bound, undoKeys } from "./binding";
import { highlighting, uprightScripts } from "./highlight";
import { type Indent, indentText } from "./indent";
import { PLAIN_ABOVE } from "./limits";

/** The parts that change while an editor lives. */
export class Parts {
  readonly language = new Compartment();
  readonly indent = new Compartment();
  readonly wrap = new Compartment();
  readonly access = new Compartment();
  readonly label = new Compartment();
  readonly extras = new Compartment();
  readonly problems = new Compartment();
}

export function indentExtension(indent: Indent): Extension {
  return [indentUnit.of(indentText(indent)), EditorState.tabSize.of(indent === "tab" ? 4 : indent)];
}

export function accessExtension(mayWrite: boolean): Extension {
  return EditorState.readOnly.of(!mayWrite);
}

export function labelExtension(path: string, mayWrite: boolean): Extension {
  const label = t(mayWrite ? "editor.label" : "editor.labelReadOnly", { path });
  return EditorView.contentAttributes.of({ "aria-label": label });
}

export function wrapExtension(wrap: boolean): Extension {
  return wrap ? EditorView.lineWrapping : [];
}

/** My selection hides the band of the active line, or nobody could see it there. */
const selectingClass = EditorView.editorAttributes.compute(["selection"], (state) => ({
  class: state.selection.ranges.some((range) => !range.empty) ? "is-selecting" : "",
}));

/** What costs time with the length of the text. */
function rich(length: number): Extension {
  if (length > PLAIN_ABOVE) return [];
  return [highlighting, uprightScripts, indentOnInput(), bracketMatching()];
}

function stillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function keys(binding: Binding): Extension {
  return keymap.of([
    indentWithTab,
    ...undoKeys(binding),
    ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter"),
  ]);
}

/** Everything but the parts, presence and other people. */
export function basics(binding: Binding, length: number): Extension {
  return [
    // The shared text counts every character; "\r" must stay one or positions would drift apart.
    EditorState.lineSeparator.of("\n"),
    EditorView.clipboardInputFilter.of(unixLines),
    EditorState.allowMultipleSelections.of(true),
    keys(binding),
    bound(binding),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    drawSelection({ cursorBlinkRate: stillness() ? 0 : 1_060 }),
    dropCursor(),
    rectangularSelection(),
    crosshairCursor(),
    selectingClass,
    rich(length),
  ];
}
