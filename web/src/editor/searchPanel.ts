import {
  closeSearchPanel,
  findNext,
  findPrevious,
  getSearchQuery,
  replaceAll,
  replaceNext,
  SearchQuery,
  setSearchQuery,
} from "@codemirror/search";
import { type EditorView, type Panel, runScopeHandlers } from "@codemirror/view";
import { type MessageKey, t } from "../i18n";

const MOST_COUNTED = 1_000;

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

/** Find and replace above the text, in plain DOM because the editor owns its panels. */
class FindPanel implements Panel {
  readonly dom: HTMLElement;
  readonly top = true;
  private readonly find = this.field("editor.find", "main-field");
  private readonly replace = this.field("editor.replace");
  private readonly caseBox = this.toggle("Aa", "editor.matchCase");
  private readonly wordBox = this.toggle("W", "editor.wholeWord");
  private readonly regexpBox = this.toggle(".*", "editor.regexp");
  private readonly count = element("span", "find-count");

  constructor(private readonly view: EditorView) {
    this.count.setAttribute("role", "status");
    this.dom = element("div", "find-panel", this.findRow(), this.replaceRow());
    this.dom.setAttribute("role", "search");
    this.dom.setAttribute("aria-label", t("editor.findInFile"));
    this.dom.addEventListener("keydown", (event) => this.onKey(event));
    this.show(getSearchQuery(view.state));
    this.replace.parentElement?.toggleAttribute("hidden", view.state.readOnly);
  }

  mount(): void {
    this.find.select();
    this.tally();
  }

  update(update: {
    docChanged: boolean;
    transactions: readonly { effects: readonly unknown[] }[];
  }) {
    for (const { effects } of update.transactions) {
      for (const effect of effects as { is(type: unknown): boolean; value: SearchQuery }[]) {
        if (effect.is(setSearchQuery) && !effect.value.eq(this.query())) this.show(effect.value);
      }
    }
    if (update.docChanged) this.tally();
  }

  private findRow(): HTMLElement {
    return element(
      "div",
      "find-row",
      this.find,
      this.count,
      this.caseBox,
      this.wordBox,
      this.regexpBox,
      this.button("↑", "editor.findPrevious", () => findPrevious(this.view)),
      this.button("↓", "editor.findNext", () => findNext(this.view)),
      this.button("×", "editor.closeFind", () => closeSearchPanel(this.view)),
    );
  }

  private replaceRow(): HTMLElement {
    return element(
      "div",
      "find-row",
      this.replace,
      this.wordButton("editor.replaceOne", () => replaceNext(this.view)),
      this.wordButton("editor.replaceAll", () => replaceAll(this.view)),
    );
  }

  private field(label: MessageKey, mark?: string): HTMLInputElement {
    const input = element("input", "find-input");
    input.type = "text";
    input.placeholder = t(label);
    input.setAttribute("aria-label", t(label));
    input.spellcheck = false;
    if (mark) input.setAttribute(mark, "true");
    input.addEventListener("input", () => this.commit());
    return input;
  }

  private toggle(text: string, label: MessageKey): HTMLButtonElement {
    const button = this.button(text, label, () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      this.commit();
    });
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  private button(text: string, label: MessageKey, act: () => void): HTMLButtonElement {
    const button = element("button", "find-button", text);
    button.type = "button";
    button.title = t(label);
    button.setAttribute("aria-label", t(label));
    button.addEventListener("click", act);
    return button;
  }

  private wordButton(label: MessageKey, act: () => void): HTMLButtonElement {
    const button = element("button", "find-button word", t(label));
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  private query(): SearchQuery {
    const on = (button: HTMLElement) => button.getAttribute("aria-pressed") === "true";
    return new SearchQuery({
      search: this.find.value,
      replace: this.replace.value,
      caseSensitive: on(this.caseBox),
      wholeWord: on(this.wordBox),
      regexp: on(this.regexpBox),
    });
  }

  private show(query: SearchQuery): void {
    this.find.value = query.search;
    this.replace.value = query.replace;
    this.caseBox.setAttribute("aria-pressed", String(query.caseSensitive));
    this.wordBox.setAttribute("aria-pressed", String(query.wholeWord));
    this.regexpBox.setAttribute("aria-pressed", String(query.regexp));
    this.tally();
  }

  private commit(): void {
    const query = this.query();
    if (query.eq(getSearchQuery(this.view.state))) return;
    this.view.dispatch({ effects: setSearchQuery.of(query) });
    this.tally();
  }

  private tally(): void {
    const query = getSearchQuery(this.view.state);
    this.find.toggleAttribute("aria-invalid", query.search !== "" && !query.valid);
    if (query.search === "" || !query.valid) {
      this.count.textContent = "";
      return;
    }
    let found = 0;
    const cursor = query.getCursor(this.view.state);
    while (found < MOST_COUNTED && !cursor.next().done) found += 1;
    const more = found === MOST_COUNTED;
    this.count.textContent = more ? t("editor.manyFound", { found }) : t("editor.found", { found });
  }

  private onKey(event: KeyboardEvent): void {
    if (runScopeHandlers(this.view, event, "search-panel")) {
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === this.find) {
      event.preventDefault();
      (event.shiftKey ? findPrevious : findNext)(this.view);
    } else if (event.key === "Enter" && event.target === this.replace) {
      event.preventDefault();
      replaceNext(this.view);
    }
  }
}

export function searchPanel(view: EditorView): Panel {
  return new FindPanel(view);
}
