import { EditorSelection, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type * as Y from "yjs";
import type { OpenRoom } from "../collab/room";
import type { Position } from "../collab/types";
import type { MarkPlace } from "../run/marks";
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

interface Place {
  anchor: number;
  head: number;
  scroll: ReturnType<EditorView["scrollSnapshot"]>;
}

/** Where I was in each text, for when I come back to its tab. */
const places = new WeakMap<Y.Text, Place>();

/** The editor of one file while its tab is in front; `close` ends it. */
export class RunningEditor {
  readonly view: EditorView;
  private readonly parts = new Parts();
  private indent: Indent = 4;
  private path = "";
  private language: string | null = null;
  private hasExtras = false;
  private hasProblems = false;
  private marks: readonly MarkPlace[] = [];

  constructor(private readonly options: EditorOptions) {
    const { parent, text } = options;
    const content = text.toString();
    const place = places.get(text);
    const clamp = (at: number) => Math.min(at, content.length);
    this.view = new EditorView({
      parent,
      ...(place && { scrollTo: place.scroll }),
      state: EditorState.create({
        doc: content,
        selection: EditorSelection.single(clamp(place?.anchor ?? 0), clamp(place?.head ?? 0)),
        extensions: this.extensions(content.length),
      }),
    });
    this.view.contentDOM.addEventListener("focus", this.loadExtras);
    addEventListener("online", this.loadLanguage);
    this.tellCaret();
  }

  setPath(path: string, mayWrite: boolean): void {
    this.view.dispatch({
      effects: [
        this.parts.access.reconfigure(accessExtension(mayWrite)),
        this.parts.label.reconfigure(labelExtension(path, mayWrite)),
      ],
    });
    this.path = path;
    void this.loadLanguage();
  }

  setIndent(indent: Indent): void {
    this.indent = indent;
    this.view.dispatch({ effects: this.parts.indent.reconfigure(indentExtension(indent)) });
    this.tellCaret();
  }

  setWrap(wrap: boolean): void {
    this.view.dispatch({ effects: this.parts.wrap.reconfigure(wrapExtension(wrap)) });
  }

  jumpTo({ line, column = 1 }: Position): void {
    const { doc } = this.view.state;
    const place = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const head = Math.min(place.from + column - 1, place.to);
    this.view.dispatch({
      selection: EditorSelection.cursor(head),
      effects: EditorView.scrollIntoView(head, { y: "center" }),
      userEvent: "select",
    });
    this.view.focus();
  }

  /** Errors of a run at their lines; what shows them is fetched with the first. */
  async showMarks(marks: readonly MarkPlace[]): Promise<void> {
    this.marks = marks;
    if (!this.hasProblems && marks.length === 0) return;
    const fetched = await soon(import("./problems"));
    if (!fetched || !this.view.dom.isConnected) return;
    if (!this.hasProblems) {
      this.hasProblems = true;
      this.view.dispatch({ effects: this.parts.problems.reconfigure(fetched.problems()) });
    }
    fetched.showProblems(this.view, this.marks);
  }

  close(): void {
    const { anchor, head } = this.view.state.selection.main;
    places.set(this.options.text, { anchor, head, scroll: this.view.scrollSnapshot() });
    removeEventListener("online", this.loadLanguage);
    this.view.destroy();
  }

  private extensions(length: number): Extension {
    const { room, text, fileId } = this.options;
    const { awareness, mayWrite } = room.connection;
    const { parts } = this;
    return [
      parts.access.of(accessExtension(mayWrite)),
      parts.label.of([]),
      parts.language.of([]),
      parts.indent.of(indentExtension(this.indent)),
      parts.wrap.of([]),
      parts.extras.of([]),
      parts.problems.of([]),
      basics(bindingOf(text, awareness), length),
      publishes(text, awareness, () => room.following.stop()),
      remotes(text, awareness),
      followScroll(room, fileId),
      EditorView.updateListener.of(({ selectionSet, docChanged }) => {
        if (selectionSet || docChanged) this.tellCaret();
      }),
    ];
  }

  private tellCaret(): void {
    this.options.workbench.setCaret(caretFacts(this.view.state, this.indent));
  }

  private readonly loadExtras = async (): Promise<void> => {
    const fetched = this.hasExtras ? null : await soon(import("./extras"));
    if (!fetched || this.hasExtras || !this.view.dom.isConnected) return;
    this.hasExtras = true;
    const extras = fetched.extras(this.view.state.doc.length);
    this.view.dispatch({ effects: this.parts.extras.reconfigure(extras) });
  };

  private readonly loadLanguage = async (): Promise<void> => {
    const wanted = this.view.state.doc.length > PLAIN_ABOVE ? null : languageOf(this.path);
    const id = wanted?.id ?? null;
    if (id === this.language) return;
    this.language = id;
    const support = wanted ? await soon(wanted.load()) : [];
    if (id !== this.language) return;
    if (!support) this.language = null;
    else if (this.view.dom.isConnected) {
      this.view.dispatch({ effects: this.parts.language.reconfigure(support) });
    }
  };
}

/** Null when it cannot be fetched now, as without a network: the text stays plain meanwhile. */
function soon<T>(fetching: Promise<T>): Promise<T | null> {
  return fetching.catch(() => null);
}

function caretFacts(state: EditorState, indent: Indent) {
  const { ranges, main } = state.selection;
  const line = state.doc.lineAt(main.head);
  const selected = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  return { line: line.number, column: main.head - line.from + 1, selected, indent };
}
