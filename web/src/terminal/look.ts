import type { ITheme } from "@xterm/xterm";

/** The sixteen colours of a terminal by the tokens of the house: states, and people 2, 3 and 5. */
const SIXTEEN: Partial<Record<keyof ITheme, string>> = {
  black: "--text-3",
  red: "--danger",
  green: "--positive",
  yellow: "--caution",
  blue: "--p2",
  magenta: "--p5",
  cyan: "--p3",
  white: "--text-2",
  brightBlack: "--text-3",
  brightRed: "--danger",
  brightGreen: "--positive",
  brightYellow: "--caution",
  brightBlue: "--p2",
  brightMagenta: "--p5",
  brightCyan: "--p3",
  brightWhite: "--text-1",
};

const GROUND: Partial<Record<keyof ITheme, string>> = {
  foreground: "--text-1",
  background: "--surface-1",
  cursor: "--text-1",
  cursorAccent: "--surface-1",
  selectionBackground: "--accent-soft",
  scrollbarSliderBackground: "--surface-3",
  scrollbarSliderHoverBackground: "--line-strong",
  scrollbarSliderActiveBackground: "--line-strong",
};

/** How the page looks now. */
export function themeNow(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const value = (token: string | undefined) => style.getPropertyValue(token ?? "").trim();
  const both = Object.entries({ ...GROUND, ...SIXTEEN });
  return Object.fromEntries(both.map(([name, token]) => [name, value(token)]));
}

export function codeFont(): string {
  return getComputedStyle(document.documentElement).getPropertyValue("--font-code").trim();
}

/** Calls back when the reader or their system takes another theme; answers how to stop. */
export function watchTheme(changed: () => void): () => void {
  const watcher = new MutationObserver(changed);
  watcher.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  return () => {
    watcher.disconnect();
    system.removeEventListener("change", changed);
  };
}
