import type { Checker } from "../api";
import type { MessageKey } from "../i18n";

/** What each checker lets pass, in a sentence. */
export const CHECKERS: Record<Checker["type"], MessageKey> = {
  exact: "judge.checkerExact",
  lines: "judge.checkerLines",
  tokens: "judge.checkerTokens",
  floats: "judge.checkerFloats",
  unordered: "judge.checkerUnordered",
  custom: "judge.checkerCustom",
};
