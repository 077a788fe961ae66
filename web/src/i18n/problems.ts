import { ApiError } from "../api";
import { t } from "./catalogue";

/** One sentence about what went wrong, for a code without words of its own. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return t("errors.unknown");
  if (error.code === "network") return t("errors.network");
  if (error.status === 429) return t("errors.tooMany");
  if (error.status === 401) return t("errors.signedOut");
  if (error.status === 403) return t("errors.forbidden");
  return t("errors.server", { message: error.message, code: error.code });
}
