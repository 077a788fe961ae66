import { Moon, Sun } from "lucide-react";
import { useState } from "react";
import { useT } from "../i18n";
import { IconButton } from "./Button";
import { useMedia } from "./useMedia";

export type Theme = "light" | "dark";

const KEY = "sangam.theme";

function chosenTheme(): Theme | null {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : null;
}

/** Follows the system until somebody chooses; the choice is kept in this browser. */
export function useTheme(): { theme: Theme; choose: (theme: Theme) => void } {
  const dark = useMedia("(prefers-color-scheme: dark)");
  const [chosen, setChosen] = useState(chosenTheme);
  const choose = (theme: Theme) => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage may be full or forbidden: the choice holds for this page.
    }
    setChosen(theme);
  };
  return { theme: chosen ?? (dark ? "dark" : "light"), choose };
}

export function ThemeSwitch({ className }: { className?: string }) {
  const t = useT();
  const { theme, choose } = useTheme();
  const next = theme === "dark" ? "light" : "dark";
  return (
    <IconButton
      label={next === "dark" ? t("ui.darkTheme") : t("ui.lightTheme")}
      icon={next === "dark" ? Moon : Sun}
      onClick={() => choose(next)}
      {...(className && { className })}
    />
  );
}
