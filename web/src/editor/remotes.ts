import {
  type ChangeDesc,
  type EditorState,
  StateEffect,
  StateField,
  type Transaction,
} from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import { COLORS } from "../collab/people";

/** Somebody else's caret in this text, in positions of this state. */
export interface Remote {
  clientId: number;
  anchor: number;
  head: number;
  name: string;
  color: number;
  ring: boolean;
  /** When they last moved by themselves, by performance.now(). */
  movedAt: number;
}

export type Remotes = ReadonlyMap<number, Remote>;

/** New places of some people; null when they left the text. */
export const moveRemotes = StateEffect.define<ReadonlyMap<number, Remote | null>>();
/** Time has passed: flags may fold. */
export const foldFlags = StateEffect.define<null>();

export const remotesField = StateField.define<Remotes>({
  create: () => new Map(),
  update: (remotes, transaction) => moved(mapped(remotes, transaction), transaction),
});

function mapped(remotes: Remotes, { docChanged, changes }: Transaction): Remotes {
  if (!docChanged || remotes.size === 0) return remotes;
  return new Map([...remotes].map(([id, remote]) => [id, mapRemote(remote, changes)]));
}

function mapRemote(remote: Remote, changes: ChangeDesc): Remote {
  const head = changes.mapPos(remote.head, 1);
  const anchor = remote.anchor === remote.head ? head : changes.mapPos(remote.anchor, 1);
  return { ...remote, anchor, head };
}

function moved(remotes: Remotes, transaction: Transaction): Remotes {
  let next: Map<number, Remote> | null = null;
  for (const effect of transaction.effects) {
    if (!effect.is(moveRemotes)) continue;
    next ??= new Map(remotes);
    for (const [id, remote] of effect.value) {
      if (remote) next.set(id, remote);
      else next.delete(id);
    }
  }
  return next ?? remotes;
}

const marks = Array.from({ length: COLORS + 1 }, (_, color) =>
  Decoration.mark({ class: `cm-remote-selection p${color}` }),
);

function selections(state: EditorState): DecorationSet {
  const ranges = [];
  for (const { anchor, head, color } of state.field(remotesField).values()) {
    const mark = marks[color];
    if (anchor !== head && mark)
      ranges.push(mark.range(Math.min(anchor, head), Math.max(anchor, head)));
  }
  return Decoration.set(ranges, true);
}

export const remoteSelections = EditorView.decorations.compute([remotesField], selections);
