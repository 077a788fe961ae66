import type { SaveState } from "../collab/types";
import { t } from "../i18n";

export interface Safety {
  save: SaveState;
  /** The server has acknowledged every edit. */
  settled: boolean;
  /** What it has not acknowledged is on the disk of this browser. */
  kept: boolean;
}

/** Where the code is safe, as far as it is known; nothing otherwise. */
function safeWords({ save, settled, kept }: Safety, answered: boolean): string {
  if (answered && save.kind === "saved" && settled) return t("run.codeSaved");
  const away = !answered || save.kind === "offline" || save.kind === "connecting";
  return away && kept ? t("run.codeKept") : "";
}

/** `answered` is false when the server did not answer just now. */
export function withSafety(text: string, safety: Safety, answered = true): string {
  return `${text} ${safeWords(safety, answered)}`.trim();
}
