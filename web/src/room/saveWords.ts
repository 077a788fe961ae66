import type { SaveState } from "../collab";
import type { ClosedReason, ReadOnlyReason } from "../collab/types";
import { type MessageKey, t } from "../i18n";

const READ_ONLY: Record<ReadOnlyReason, MessageKey> = {
  observer: "connection.readOnlyObserver",
  store_behind: "connection.readOnlyStore",
  document_full: "connection.readOnlyFull",
  refused: "connection.readOnlyRefused",
};

const CLOSED: Record<ClosedReason, { title: MessageKey; text: MessageKey }> = {
  signed_out: { title: "connection.closedSignedOut", text: "connection.closedSignedOutText" },
  forbidden: { title: "connection.closedForbidden", text: "connection.closedForbiddenText" },
  no_room: { title: "connection.closedNoRoom", text: "connection.closedNoRoomText" },
  too_big: { title: "connection.closedTooBig", text: "connection.closedTooBigText" },
  misunderstood: { title: "connection.closedOther", text: "connection.closedOtherText" },
};

export function readOnlyWords(reason: ReadOnlyReason): string {
  return t(READ_ONLY[reason]);
}

export function closedWords(reason: ClosedReason): { title: string; text: string } {
  const { title, text } = CLOSED[reason];
  return { title: t(title), text: t(text) };
}

/** The words of the badge, with the seconds that tick. */
export function saveWords(save: SaveState): string {
  switch (save.kind) {
    case "saved":
      return t("connection.saved");
    case "saving":
      return t("connection.saving");
    case "unsaved":
      return t("connection.notSaved");
    case "readOnly":
      return t("connection.readOnly");
    case "closed":
      return t("connection.closedPill");
    case "offline":
      return save.edits === 0
        ? t("connection.offline")
        : t("connection.offlineEdits", { count: save.edits });
    case "connecting":
      return connectingWords(save.attempt, save.seconds);
  }
}

function connectingWords(attempt: number, seconds: number): string {
  if (attempt <= 1 && seconds === 0) return t("connection.connecting");
  if (seconds === 0) return t("connection.connectingTry", { attempt });
  return t("connection.connectingIn", { attempt, seconds });
}

/** What is said aloud: only the meaning, never the counting. */
export function spokenWords(save: SaveState): string {
  if (save.kind === "offline") return t("connection.offline");
  if (save.kind === "connecting") return t("connection.connecting");
  // Saving and saved follow each other with every pause in typing.
  if (save.kind === "saving") return t("connection.saved");
  return saveWords(save);
}
