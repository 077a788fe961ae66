import { EditorSelection, type EditorState, type Extension } from "@codemirror/state";
import {
  type EditorView,
  type LayerMarker,
  layer,
  RectangleMarker,
  ViewPlugin,
} from "@codemirror/view";
import { foldFlags, moveRemotes, type Remote, remotesField } from "./remotes";

const SHOWN_MS = 1_500;
const MOST_FLAGS = 12;
const FLAG_HEIGHT = 16;
/** Wide enough for most letters at 11 px, 600. */
const LETTER_WIDTH = 7;

interface Look {
  /** The name is shown; otherwise a small tab. */
  open: boolean;
  below: boolean;
  left: boolean;
}

/** One caret in the layer over the text: it moves nothing in the text itself. */
class Caret implements LayerMarker {
  constructor(
    private readonly remote: Remote,
    private readonly box: RectangleMarker,
    private readonly look: Look,
  ) {}

  eq(other: Caret): boolean {
    return this.css === other.css && this.box.eq(other.box) && this.name === other.name;
  }

  draw(): HTMLElement {
    const caret = document.createElement("div");
    const flag = caret.appendChild(document.createElement("b"));
    flag.textContent = this.name;
    this.place(caret);
    return caret;
  }

  update(caret: HTMLElement, before: Caret): boolean {
    if (before.remote.clientId !== this.remote.clientId || before.name !== this.name) return false;
    this.place(caret);
    return true;
  }

  private place(caret: HTMLElement): void {
    caret.className = this.css;
    caret.style.left = `${this.box.left}px`;
    caret.style.top = `${this.box.top}px`;
    caret.style.height = `${this.box.height}px`;
  }

  private get name(): string {
    return firstName(this.remote.name);
  }

  private get css(): string {
    const { open, below, left } = this.look;
    const parts = ["cm-remote-caret", `p${this.remote.color}`];
    if (this.remote.ring) parts.push("is-repeated");
    if (open) parts.push("open");
    if (below) parts.push("below");
    if (left) parts.push("left");
    return parts.join(" ");
  }
}

function firstName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}

/** The clients whose flags are open: those who moved a moment ago, the nearest to my caret first. */
export function openFlags(all: Iterable<Remote>, near: number, now: number): Set<number> {
  const fresh = [...all].filter((remote) => now - remote.movedAt < SHOWN_MS);
  fresh.sort((a, b) => Math.abs(a.head - near) - Math.abs(b.head - near));
  return new Set(fresh.slice(0, MOST_FLAGS).map((remote) => remote.clientId));
}

function coversSelection(state: EditorState, head: number): boolean {
  const line = state.doc.lineAt(head);
  if (line.number === 1) return true;
  const above = state.doc.line(line.number - 1);
  const touches = (from: number, to: number) => from < to && from <= above.to && to >= above.from;
  if (state.selection.ranges.some((range) => touches(range.from, range.to))) return true;
  for (const { anchor, head: end } of state.field(remotesField).values()) {
    if (touches(Math.min(anchor, end), Math.max(anchor, end))) return true;
  }
  return false;
}

function caretOf(view: EditorView, remote: Remote, open: boolean): Caret | null {
  const { state } = view;
  const at = EditorSelection.cursor(remote.head, remote.head < remote.anchor ? 1 : -1);
  const box = RectangleMarker.forRange(view, "", at)[0];
  if (!box) return null;
  const width = firstName(remote.name).length * LETTER_WIDTH + 10;
  const { scrollLeft, clientWidth, scrollTop } = view.scrollDOM;
  const left = box.left + width > scrollLeft + clientWidth && box.left - width > scrollLeft;
  const hidden = box.top - FLAG_HEIGHT < scrollTop;
  return new Caret(remote, box, {
    open,
    left,
    below: hidden || coversSelection(state, remote.head),
  });
}

function markers(view: EditorView): Caret[] {
  const { state, viewport } = view;
  const seen = [...state.field(remotesField).values()].filter(
    ({ head }) => head >= viewport.from && head <= viewport.to,
  );
  const open = openFlags(seen, state.selection.main.head, performance.now());
  return seen.flatMap((remote) => caretOf(view, remote, open.has(remote.clientId)) ?? []);
}

const caretLayer = layer({
  above: true,
  class: "cm-remote-carets",
  update(update) {
    const asked = update.transactions.some((one) =>
      one.effects.some((effect) => effect.is(moveRemotes) || effect.is(foldFlags)),
    );
    return asked || update.docChanged || update.selectionSet || update.viewportChanged;
  },
  markers,
});

/** Asks for a redraw when the next flag is due to fold. */
const folding = ViewPlugin.define((view) => {
  let timer = 0;
  const plan = () => {
    clearTimeout(timer);
    const ages = [...view.state.field(remotesField).values()].map(
      ({ movedAt }) => performance.now() - movedAt,
    );
    const open = ages.filter((age) => age < SHOWN_MS);
    if (open.length === 0) return;
    const wait = SHOWN_MS - Math.max(...open) + 20;
    timer = window.setTimeout(() => view.dispatch({ effects: foldFlags.of(null) }), wait);
  };
  return { update: plan, destroy: () => clearTimeout(timer) };
});

export const carets: Extension = [caretLayer, folding];
