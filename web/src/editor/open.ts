import { EditorSelection, EditorState } from "@codemirror/state";
import { EditorView, type ViewUpdate } from "@codemirror/view";
import type * as Y from "yjs";
import type { OpenRoom } from "../collab/room";
import type { Position } from "../collab/types";
import { bindingOf } from "./binding";
import { followScroll } from "./followScroll";
import type { Indent } from "./indent";
import { languageOf } from "./languages";
import { PLAIN_ABOVE } from "./limits";
import { publishes } from "./presence";
import {
  accessExtension,
  basics,
  indentExtension,
  labelExtension,
  Parts,
  wrapExtension,
} from "./setup";
import { remotes } from "./watcher";
import type { Workbench } from "./workbench";

export interface EditorOptions {
  parent: HTMLElement;
  room: OpenRoom;
  workbench: Workbench;
  fileId: string;
  text: Y.Text;
}

export interface RunningEditor {
  view: EditorView;
  setPath(path: string, mayWrite: boolean): void;
  setIndent(indent: Indent): void;
  setWrap(wrap: boolean): void;
  jumpTo(position: Position): void;
  close(): void;
}

interface Place {
  anchor: number;
  head: number;
  scroll: ReturnType<EditorView["scrollSnapshot"]>;
}

/** Where I was in each text, for when I come back to its tab. */
const places = new WeakMap<Y.Text, Place>();

export function openEditor(options: EditorOptions): RunningEditor {
  const { parent, room, workbench, text } = options;
  const { awareness } = room.connection;
  const parts = new Parts();
  const content = text.toString();
  const place = places.get(text);
  let indent: Indent = 4;
  let shownLanguage: string | null = null;
  const tell = (update: ViewUpdate) => {
    if (update.selectionSet || update.docChanged)
      workbench.setCaret(caretFacts(update.state, indent));
  };
  const clamp = (at: number) => Math.min(at, content.length);
  const selection = place
    ? EditorSelection.single(clamp(place.anchor), clamp(place.head))
    : EditorSelection.single(0);
  const view = new EditorView({
    parent,
    ...(place && { scrollTo: place.scroll }),
    state: EditorState.create({
      doc: content,
      selection,
      extensions: [
        parts.access.of(accessExtension(room.connection.mayWrite)),
        parts.label.of([]),
        parts.language.of([]),
        parts.indent.of(indentExtension(indent)),
        parts.wrap.of([]),
        parts.extras.of([]),
        basics(bindingOf(text, awareness), content.length),
        publishes(text, awareness, () => room.following.stop()),
        remotes(text, awareness),
        followScroll(room, options.fileId),
        EditorView.updateListener.of(tell),
      ],
    }),
  });
  workbench.setCaret(caretFacts(view.state, indent));

  const loadExtras = async () => {
    const { extras } = await import("./extras");
    const { doc } = view.state;
    if (view.dom.isConnected)
      view.dispatch({ effects: parts.extras.reconfigure(extras(doc.length)) });
  };
  view.contentDOM.addEventListener("focus", () => void loadExtras(), { once: true });

  const loadLanguage = async (path: string) => {
    const language = view.state.doc.length > PLAIN_ABOVE ? null : languageOf(path);
    if ((language?.id ?? null) === shownLanguage) return;
    shownLanguage = language?.id ?? null;
    const wanted = shownLanguage;
    const support = language ? await language.load() : [];
    if (wanted !== shownLanguage || !view.dom.isConnected) return;
    view.dispatch({ effects: parts.language.reconfigure(support) });
  };

  return {
    view,
    setPath(path, mayWrite) {
      view.dispatch({
        effects: [
          parts.access.reconfigure(accessExtension(mayWrite)),
          parts.label.reconfigure(labelExtension(path, mayWrite)),
        ],
      });
      void loadLanguage(path);
    },
    setIndent(next) {
      indent = next;
      view.dispatch({ effects: parts.indent.reconfigure(indentExtension(next)) });
      workbench.setCaret(caretFacts(view.state, indent));
    },
    setWrap: (wrap) => view.dispatch({ effects: parts.wrap.reconfigure(wrapExtension(wrap)) }),
    jumpTo: (position) => jumpTo(view, position),
    close() {
      const { anchor, head } = view.state.selection.main;
      places.set(text, { anchor, head, scroll: view.scrollSnapshot() });
      view.destroy();
    },
  };
}

function jumpTo(view: EditorView, { line, column = 1 }: Position): void {
  const { doc } = view.state;
  const place = doc.line(Math.max(1, Math.min(line, doc.lines)));
  const head = Math.min(place.from + column - 1, place.to);
  view.dispatch({
    selection: EditorSelection.cursor(head),
    effects: EditorView.scrollIntoView(head, { y: "center" }),
    userEvent: "select",
  });
  view.focus();
}

function caretFacts(state: EditorState, indent: Indent) {
  const { ranges, main } = state.selection;
  const line = state.doc.lineAt(main.head);
  const selected = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  return { line: line.number, column: main.head - line.from + 1, selected, indent };
}
