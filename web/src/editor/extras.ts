import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { type Extension, Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { PLAIN_ABOVE } from "./limits";
import { searchPanel } from "./searchPanel";

export { openSearchPanel } from "@codemirror/search";

/** What an editor needs only once somebody works in it; fetched with the first focus. */
export function extras(length: number): Extension {
  const keys = [{ key: "Tab", run: acceptCompletion }, ...searchKeymap, ...completionKeymap];
  const finding = [Prec.high(keymap.of(keys)), search({ top: true, createPanel: searchPanel })];
  if (length > PLAIN_ABOVE) return finding;
  return [
    finding,
    Prec.high(keymap.of(closeBracketsKeymap)),
    closeBrackets(),
    autocompletion({ icons: false, activateOnTyping: true, maxRenderedOptions: 40 }),
    highlightSelectionMatches({ minSelectionLength: 2, maxMatches: 200 }),
  ];
}
