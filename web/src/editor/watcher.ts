import type { Extension } from "@codemirror/state";
import { type EditorView, ViewPlugin } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { COLORS, colorOf, identityOf, type Presence } from "../collab/people";
import { carets } from "./carets";
import { moveRemotes, type Remote, remoteSelections, remotesField } from "./remotes";

interface AwarenessChange {
  added: number[];
  updated: number[];
  removed: number[];
}

/** Turns awareness into positions. A caret may arrive before the text it stands in. */
class Watcher {
  private readonly early = new Set<number>();
  private gone = false;

  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly awareness: Awareness,
  ) {
    awareness.on("change", this.onChange);
    queueMicrotask(() => this.show([...awareness.getStates().keys()]));
  }

  update(update: { docChanged: boolean }): void {
    if (!update.docChanged || this.early.size === 0) return;
    const ids = [...this.early];
    this.early.clear();
    queueMicrotask(() => this.show(ids));
  }

  destroy(): void {
    this.gone = true;
    this.awareness.off("change", this.onChange);
  }

  private readonly onChange = ({ added, updated, removed }: AwarenessChange): void => {
    this.show([...added, ...updated, ...removed]);
  };

  private show(ids: readonly number[]): void {
    if (this.gone) return;
    const known = this.view.state.field(remotesField);
    const next = new Map<number, Remote | null>();
    for (const id of ids) {
      if (id === this.awareness.clientID) continue;
      const before = known.get(id) ?? null;
      const remote = this.locate(id, before);
      if (!sameRemote(remote, before)) next.set(id, remote);
    }
    if (next.size > 0) this.view.dispatch({ effects: moveRemotes.of(next) });
  }

  private locate(clientId: number, before: Remote | null): Remote | null {
    const { user, cursor } = (this.awareness.getStates().get(clientId) ?? {}) as Presence;
    if (!user || !cursor) return null;
    const anchor = this.absolute(cursor.anchor);
    const head = this.absolute(cursor.head);
    if (anchor === "early" || head === "early") {
      this.early.add(clientId);
      return before;
    }
    if (anchor === null || head === null) return null;
    const resting = before !== null && before.head === head && before.anchor === anchor;
    const { name, number } = identityOf(clientId, user);
    return {
      clientId,
      anchor,
      head,
      name,
      color: colorOf(number),
      ring: number > COLORS,
      movedAt: resting ? before.movedAt : performance.now(),
    };
  }

  private absolute(json: unknown): number | null | "early" {
    const { doc } = this.text;
    if (!doc || typeof json !== "object" || json === null) return null;
    const relative = Y.createRelativePositionFromJSON(json);
    const item = relative.item;
    if (item && Y.getState(doc.store, item.client) <= item.clock) return "early";
    const place = Y.createAbsolutePositionFromRelativePosition(relative, doc);
    if (!place || place.type !== this.text) return null;
    return place.index <= this.view.state.doc.length ? place.index : "early";
  }
}

function sameRemote(a: Remote | null, b: Remote | null): boolean {
  if (a === null || b === null) return a === b;
  return a.anchor === b.anchor && a.head === b.head && a.name === b.name && a.color === b.color;
}

/** Other people's selections and carets. */
export function remotes(text: Y.Text, awareness: Awareness): Extension {
  return [
    remotesField,
    remoteSelections,
    ViewPlugin.define((view) => new Watcher(view, text, awareness)),
    carets,
  ];
}
