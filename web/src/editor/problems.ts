import { forEachDiagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { type Extension, Prec, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, WidgetType } from "@codemirror/view";
import type { MarkPlace } from "../run/marks";

const LONGEST = 160;

/** The words at the end of the line, so that nobody has to hover for them. */
class Words extends WidgetType {
  constructor(private readonly message: string) {
    super();
  }

  override eq(other: Words): boolean {
    return other.message === this.message;
  }

  toDOM(): HTMLElement {
    const words = document.createElement("span");
    words.className = "cm-problem-words";
    words.textContent = this.message.slice(0, LONGEST);
    return words;
  }
}

const words = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(_before, { state }) {
    const ends = new Map<number, string>();
    forEachDiagnostic(state, ({ message }, from) => {
      const { to } = state.doc.lineAt(from);
      if (message && !ends.has(to)) ends.set(to, message);
    });
    const widgets = [...ends].map(([at, message]) =>
      Decoration.widget({ widget: new Words(message), side: 1 }).range(at),
    );
    return Decoration.set(widgets, true);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Gutter, underline, words, and F8 for the next one. */
export function problems(): Extension {
  return [lintGutter(), words, Prec.low(keymap.of(lintKeymap))];
}

export function showProblems(view: EditorView, places: readonly MarkPlace[]): void {
  const { length } = view.state.doc;
  const diagnostics = places
    .filter(({ to }) => to <= length)
    .map(({ from, to, message }) => ({ from, to, message, severity: "error" as const }));
  view.dispatch(setDiagnostics(view.state, diagnostics));
}
