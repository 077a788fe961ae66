import { indentMore } from "@codemirror/commands";
import { Redo2, Undo2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useRoom } from "../collab";
import { useT } from "../i18n";
import { Icon, useMedia } from "../ui";
import { redoIn, undoIn } from "./binding";
import { useWorkbench } from "./workbench";

const SYMBOLS = [
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ":",
  "=",
  '"',
  "'",
  "_",
  ".",
  ",",
  "<",
  ">",
  "/",
  "#",
  "+",
  "-",
  "*",
];
const KEY =
  "grid h-11 min-w-10 shrink-0 place-items-center px-2 font-code text-14 text-text-1 active:bg-surface-3";

/** A row over the keyboard of a phone with what its layout hides; shown while the editor has focus. */
export function SymbolKeys() {
  const t = useT();
  const workbench = useWorkbench();
  const { mayWrite } = useRoom();
  const touch = useMedia("(pointer: coarse), (max-width: 720px)");
  const [focused, setFocused] = useState(false);

  useEffect(() => {
    const look = () => setFocused(workbench.view?.hasFocus === true);
    document.addEventListener("focusin", look);
    document.addEventListener("focusout", look);
    return () => {
      document.removeEventListener("focusin", look);
      document.removeEventListener("focusout", look);
    };
  }, [workbench]);

  if (!touch || !focused || !mayWrite) return null;
  const type = (text: string) => {
    const { view } = workbench;
    if (view)
      view.dispatch(view.state.replaceSelection(text), {
        userEvent: "input.type",
        scrollIntoView: true,
      });
  };
  return (
    <div
      role="toolbar"
      aria-label={t("editor.symbols")}
      className="flex h-11 shrink-0 [scrollbar-width:none] overflow-x-auto border-t border-line bg-surface-2"
      onPointerDown={(event) => event.preventDefault()}
    >
      <button
        type="button"
        className={KEY}
        onClick={() => workbench.view && indentMore(workbench.view)}
      >
        Tab
      </button>
      <button
        type="button"
        aria-label={t("editor.undo")}
        className={KEY}
        onClick={() => undoIn(workbench.view)}
      >
        <Icon of={Undo2} />
      </button>
      <button
        type="button"
        aria-label={t("editor.redo")}
        className={KEY}
        onClick={() => redoIn(workbench.view)}
      >
        <Icon of={Redo2} />
      </button>
      {SYMBOLS.map((symbol) => (
        <button key={symbol} type="button" className={KEY} onClick={() => type(symbol)}>
          {symbol}
        </button>
      ))}
    </div>
  );
}
