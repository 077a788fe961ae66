import { Check, CloudOff, Lock, TriangleAlert } from "lucide-react";
import { useSyncExternalStore } from "react";
import { type SaveState, useOpenRoom, useRoom } from "../collab";
import { useT } from "../i18n";
import { State, type StateTone, TextButton, Tooltip } from "../ui";
import { readOnlyWords, saveWords, spokenWords } from "./saveWords";

interface Look {
  icon?: typeof Check;
  spin?: boolean;
  tone: StateTone;
  pill?: boolean;
}

const LOOKS: Record<SaveState["kind"], Look> = {
  saved: { icon: Check, tone: "ok" },
  saving: { spin: true, tone: "plain" },
  offline: { icon: CloudOff, tone: "warn", pill: true },
  connecting: { spin: true, tone: "plain" },
  unsaved: { icon: TriangleAlert, tone: "bad", pill: true },
  readOnly: { icon: Lock, tone: "mute", pill: true },
  closed: { icon: TriangleAlert, tone: "bad", pill: true },
};

function useWhy(save: SaveState): string | null {
  const t = useT();
  if (save.kind === "readOnly") return readOnlyWords(save.reason);
  if (save.kind === "unsaved") return t("connection.notSavedWhy");
  return save.kind === "saved" ? t("connection.savedWhy") : null;
}

/** States that a phone gives a line of their own, because they are long and have a button. */
const OWN_LINE = new Set<SaveState["kind"]>(["offline", "connecting", "unsaved"]);

/** Under the bar of a phone while something is wrong. */
export function SaveLine() {
  const { save } = useRoom();
  if (!OWN_LINE.has(save.kind)) return null;
  return (
    <div className="flex min-h-11 shrink-0 items-center border-b border-line bg-surface-2 px-3">
      <Badge />
    </div>
  );
}

/** The one place that says whether my work is safe. */
export function SaveBadge({ phone }: { phone: boolean }) {
  const { save } = useRoom();
  return phone && OWN_LINE.has(save.kind) ? null : <Badge />;
}

function Badge() {
  const t = useT();
  const { save, tryNow } = useRoom();
  const { connection } = useOpenRoom();
  const settled = useSyncExternalStore(connection.changed.subscribe, () => connection.settled);
  const why = useWhy(save);
  const words = saveWords(save);
  const face = (
    <State {...LOOKS[save.kind]}>
      <span data-testid="save" data-settled={settled}>
        {words}
      </span>
    </State>
  );
  const retry = save.kind === "offline" || (save.kind === "connecting" && save.attempt > 1);
  return (
    <span className="flex shrink-0 items-center gap-2">
      {why ? (
        <Tooltip label={why}>
          <button
            type="button"
            className="flex min-w-0 rounded-full"
            aria-label={`${words}. ${why}`}
          >
            {face}
          </button>
        </Tooltip>
      ) : (
        face
      )}
      {retry && <TextButton onClick={tryNow}>{t("connection.tryNow")}</TextButton>}
      <span role="status" className="sr-only">
        {spokenWords(save)}
      </span>
    </span>
  );
}
