import { useState } from "react";

const KEY = "sangam.theme";

/** The reader's choice: the system's theme until they want another. */
export function useThemeChoice(): [string, (choice: string) => void] {
  const [choice, setChoice] = useState(() => document.documentElement.dataset.theme ?? "system");
  const choose = (next: string) => {
    const { dataset } = document.documentElement;
    try {
      if (next === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Storage may be full or forbidden: the choice holds for this page.
    }
    if (next === "system") delete dataset.theme;
    else dataset.theme = next;
    setChoice(next);
  };
  return [choice, choose];
}
