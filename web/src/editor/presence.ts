import type { Transaction } from "@codemirror/state";
import { type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { Presence } from "../collab/people";

const PUBLISH_MS = 40;
const TYPING_MS = 2_000;
const OWN = ["input", "delete", "select", "move", "undo", "redo"] as const;

function isOwn(transaction: Transaction): boolean {
  return OWN.some((event) => transaction.isUserEvent(event));
}

function isTyping(transaction: Transaction): boolean {
  return transaction.isUserEvent("input") || transaction.isUserEvent("delete");
}

/** Tells the others where I am; all fields of one moment go out in one message. */
class Publisher {
  private timer = 0;
  private typingTimer = 0;
  private typing = false;
  private acted = false;

  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly awareness: Awareness,
    private readonly onTyping: () => void,
  ) {
    view.scrollDOM.addEventListener("scroll", this.later, { passive: true });
    this.later();
  }

  update(update: ViewUpdate): void {
    if (update.transactions.some(isOwn)) {
      this.acted = true;
      if (update.docChanged && update.transactions.some(isTyping)) this.typed();
      this.later();
    } else if (update.focusChanged || update.selectionSet || update.docChanged) {
      this.later();
    }
  }

  destroy(): void {
    clearTimeout(this.timer);
    clearTimeout(this.typingTimer);
    this.view.scrollDOM.removeEventListener("scroll", this.later);
    this.merge({ cursor: null, line: null, typing: false });
  }

  private typed(): void {
    this.typing = true;
    clearTimeout(this.typingTimer);
    this.typingTimer = window.setTimeout(() => {
      this.typing = false;
      this.later();
    }, TYPING_MS);
    this.onTyping();
  }

  private readonly later = (): void => {
    this.timer ||= window.setTimeout(() => this.publish(), PUBLISH_MS);
  };

  private publish(): void {
    this.timer = 0;
    const { state } = this.view;
    const { anchor, head } = state.selection.main;
    const next: Presence = {
      cursor: { anchor: this.relative(anchor), head: this.relative(head) },
      line: state.doc.lineAt(head).number,
      typing: this.typing,
    };
    if (this.acted) next.activeAt = Date.now();
    if (this.isFollowed()) Object.assign(next, this.seenLines());
    this.acted = false;
    this.merge(next);
  }

  private relative(position: number): unknown {
    return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.text, position));
  }

  private isFollowed(): boolean {
    for (const [clientId, state] of this.awareness.getStates()) {
      if (clientId !== this.awareness.clientID && (state as Presence).following) return true;
    }
    return false;
  }

  private seenLines(): { top: number; bottom: number } {
    const { scrollTop, clientHeight } = this.view.scrollDOM;
    const { doc } = this.view.state;
    const lineAt = (height: number) =>
      doc.lineAt(this.view.lineBlockAtHeight(Math.max(0, height)).from).number;
    return { top: lineAt(scrollTop), bottom: lineAt(scrollTop + clientHeight) };
  }

  private merge(change: Presence): void {
    const state = this.awareness.getLocalState() as Presence | null;
    if (!state) return;
    const next = { ...state, ...change };
    if (JSON.stringify(next) !== JSON.stringify(state)) this.awareness.setLocalState(next);
  }
}

/** `onTyping` is called with every change of my own. */
export function publishes(text: Y.Text, awareness: Awareness, onTyping: () => void) {
  return ViewPlugin.define((view) => new Publisher(view, text, awareness, onTyping));
}
