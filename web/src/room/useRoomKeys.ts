import { useEffect } from "react";
import { useRunCommand } from "../run";

function panels(): HTMLElement[] {
  const all = [...document.querySelectorAll<HTMLElement>("[data-panel]")];
  return all.filter((panel) => panel.offsetParent !== null || panel.getClientRects().length > 0);
}

function enter(panel: HTMLElement): void {
  const wanted =
    panel.querySelector<HTMLElement>(
      "[role=treeitem][tabindex='0'], .cm-content, textarea, input:not([hidden])",
    ) ?? panel.querySelector<HTMLElement>("button, [tabindex='0']");
  if (wanted) {
    wanted.focus();
    return;
  }
  panel.tabIndex = -1;
  panel.focus();
}

function walk(by: number): void {
  const all = panels();
  const at = all.findIndex((panel) => panel.contains(document.activeElement));
  const next = all[(at + by + all.length) % all.length];
  if (next) enter(next);
}

function inTerminal({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest(".xterm") !== null;
}

/** Keys that work everywhere in the room. */
export function useRoomKeys(): void {
  const run = useRunCommand();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const mod = event.ctrlKey || event.metaKey;
      if (event.key === "F6") walk(event.shiftKey ? -1 : 1);
      else if (mod && event.key === "Enter") run(event.shiftKey);
      // Saving happens by itself; the browser's dialog would only be in the way. A terminal has a use for it.
      else if (!(mod && !event.shiftKey && event.key.toLowerCase() === "s") || inTerminal(event))
        return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("keydown", onKey, { capture: true });
    return () => document.removeEventListener("keydown", onKey, { capture: true });
  }, [run]);
}
