const MAC: Record<string, string> = { Mod: "⌘", Alt: "⌥", Shift: "⇧", Ctrl: "⌃" };
const OTHER: Record<string, string> = { Mod: "Ctrl" };
const NAMED: Record<string, string> = {
  Enter: "↵",
  Escape: "Esc",
  Up: "↑",
  Down: "↓",
  Backspace: "⌫",
};

function isMac(): boolean {
  return typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
}

/** `Mod+Enter` becomes `Ctrl ↵`, or `⌘ ↵` on a Mac. */
export function keyLabel(keys: string, mac = isMac()): string {
  const names = mac ? MAC : OTHER;
  return keys
    .split("+")
    .map((key) => names[key] ?? NAMED[key] ?? key)
    .join(" ");
}

/** The same for `aria-keyshortcuts`: `Control+Enter`. */
export function ariaKeys(keys: string, mac = isMac()): string {
  return keys.replace("Mod", mac ? "Meta" : "Control").replace("Ctrl", "Control");
}
