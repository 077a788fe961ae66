const KEY = "sangam.name";

/** Longest name of a person or a room. */
export const NAME_LENGTH = 80;

/** The name given last in this browser, or an empty one. */
export function lastName(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function rememberName(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Storage may be full or forbidden: the name is asked for again.
  }
}
