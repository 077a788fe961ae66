import { ApiError } from "../api";
import { t } from "./catalogue";

/** The server's words as a sentence of ours. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const begun = trimmed.charAt(0).toLocaleUpperCase() + trimmed.slice(1);
  return /[.?]$/.test(begun) ? begun : `${begun}.`;
}

/** One sentence about what went wrong, for a code without words of its own. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return t("errors.unknown");
  if (error.code === "network") return t("errors.network");
  if (error.status === 429) return t("errors.tooMany");
  if (error.status === 401) return t("errors.signedOut");
  if (error.status === 403) return t("errors.forbidden");
  return sentence(error.message) || t("errors.unknown");
}
