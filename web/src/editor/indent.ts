import { t } from "../i18n";

/** A tab, or so many spaces. */
export type Indent = "tab" | 2 | 4 | 8;

const LINES_READ = 400;

export function indentText(indent: Indent): string {
  return indent === "tab" ? "\t" : " ".repeat(indent);
}

/** What most lines of a file use, from the smallest steps between them; null when it shows none. */
export function detectIndent(lines: Iterable<string>): Indent | null {
  let tabs = 0;
  let before = 0;
  const steps = new Map<number, number>();
  let read = 0;
  for (const line of lines) {
    if (++read > LINES_READ) break;
    if (line.trim() === "") continue;
    if (line.startsWith("\t")) tabs += 1;
    const width = line.length - line.trimStart().length;
    const step = width - before;
    before = width;
    if (!line.startsWith("\t") && step > 1) steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  const spaces = [...steps.values()].reduce((sum, count) => sum + count, 0);
  if (tabs > spaces) return "tab";
  if (spaces === 0) return null;
  const [best] = [...steps].sort((a, b) => b[1] - a[1])[0] ?? [4];
  return best === 2 || best === 8 ? best : 4;
}

/** `Spaces: 4` */
export function indentLabel(indent: Indent): string {
  return indent === "tab" ? t("editor.indentTab") : t("editor.indentSpaces", { count: indent });
}
