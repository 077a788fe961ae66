import { Check, CloudOff } from "lucide-react";
import { useOpenFile, useRoom } from "../collab";
import { type Indent, indentLabel } from "../editor/indent";
import { languageOf } from "../editor/languages";
import { type CaretFacts, useCaret, useWorkbench } from "../editor/workbench";
import { milliseconds, t, useT } from "../i18n";
import { Menu, MenuRadio, MenuRadioGroup, State } from "../ui";
import { saveWords } from "./saveWords";

/** Facts about the connection and the open file; phones have them in the room menu. */
export function StatusLine() {
  const t = useT();
  const { path } = useOpenFile();
  const caret = useCaret();
  return (
    <footer className="flex h-(--h-foot) shrink-0 items-center gap-4 overflow-hidden border-t border-line bg-surface-2 px-3 text-12 whitespace-nowrap text-text-2 phone:hidden">
      <ConnectionFact />
      {caret && (
        <>
          <span className="tabular-nums">{caretWords(caret)}</span>
          <IndentChoice indent={caret.indent} />
        </>
      )}
      <span className="flex-1" />
      {path !== null && <span>{languageOf(path)?.name ?? t("editor.plainText")}</span>}
    </footer>
  );
}

export function caretWords({ line, column, selected }: CaretFacts): string {
  return selected > 0
    ? t("editor.caretSelected", { line, column, selected })
    : t("editor.caret", { line, column });
}

export function ConnectionFact() {
  const t = useT();
  const { save, latencyMs } = useRoom();
  const away = save.kind === "offline" || save.kind === "connecting" || save.kind === "closed";
  if (away) {
    return (
      <State icon={CloudOff} tone="warn">
        {saveWords(save)}
      </State>
    );
  }
  return (
    <State icon={Check} tone="ok">
      {latencyMs === null
        ? t("connection.connected")
        : t("connection.connectedIn", { time: milliseconds(latencyMs) })}
    </State>
  );
}

const CHOICES: readonly Indent[] = [2, 4, 8, "tab"];

export function IndentRadios({ indent }: { indent: Indent }) {
  const { settings } = useWorkbench();
  const { fileId } = useOpenFile();
  const choose = (value: string) => {
    const next = CHOICES.find((one) => String(one) === value);
    if (next && fileId) settings.chooseIndent(fileId, next);
  };
  return (
    <MenuRadioGroup value={String(indent)} onValueChange={choose}>
      {CHOICES.map((one) => (
        <MenuRadio key={one} value={String(one)}>
          {indentLabel(one)}
        </MenuRadio>
      ))}
    </MenuRadioGroup>
  );
}

function IndentChoice({ indent }: { indent: Indent }) {
  return (
    <Menu
      side="top"
      trigger={
        <button
          type="button"
          className="h-full rounded-1 px-1 hover:bg-surface-3 focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]!"
        >
          {indentLabel(indent)}
        </button>
      }
    >
      <IndentRadios indent={indent} />
    </Menu>
  );
}
