import { createContext, useContext, useSyncExternalStore } from "react";
import { Signal } from "../collab/signal";

export type Place = "files" | "code" | "output" | "tests" | "chat";

/** What the panel under the editor shows. */
export type Lower = "output" | "tests";

export interface LayoutState {
  /** Pixels, while beside the editor. */
  files: number;
  chat: number;
  /** Percent of the height under the top bar. */
  run: number;
  filesOpen: boolean;
  chatOpen: boolean;
  /** What a phone shows. */
  place: Place;
  /** Between 721 and 1180 pixels the chat is a drawer. */
  drawer: boolean;
  lower: Lower;
}

export const FIRST: LayoutState = {
  files: 232,
  chat: 308,
  run: 27,
  filesOpen: true,
  chatOpen: true,
  place: "code",
  drawer: false,
  lower: "output",
};

const KEY = "sangam.layout";
const KEPT = ["files", "chat", "run", "filesOpen", "chatOpen", "lower"] as const;

function remembered(): Partial<LayoutState> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<LayoutState>;
  } catch {
    return {};
  }
}

/** Sizes and places of the room's panels; sizes and what is open are kept in this browser. */
export class Layout {
  readonly changed = new Signal();
  current: LayoutState = { ...FIRST, ...remembered(), place: "code", drawer: false };

  set(change: Partial<LayoutState>): void {
    this.current = { ...this.current, ...change };
    const kept = Object.fromEntries(KEPT.map((key) => [key, this.current[key]]));
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Remembering is a comfort; nothing depends on it.
    }
    this.changed.emit();
  }
}

const LayoutContext = createContext<Layout | null>(null);

export const LayoutProvider = LayoutContext.Provider;

export function useLayout(): readonly [LayoutState, (change: Partial<LayoutState>) => void] {
  const layout = useContext(LayoutContext);
  if (!layout) throw new Error("useLayout needs a LayoutProvider");
  const state = useSyncExternalStore(layout.changed.subscribe, () => layout.current);
  return [state, (change) => layout.set(change)];
}
