import { useT } from "../i18n";
import { useMedia } from "../ui";

const KEYS: readonly (readonly [string, string])[] = [
  ["Ctrl C", "\u0003"],
  ["Ctrl D", "\u0004"],
  ["Tab", "\t"],
  ["Esc", "\u001b"],
  ["↑", "\u001b[A"],
  ["↓", "\u001b[B"],
];

/** What the keyboard of a phone does not have. */
export function TerminalKeys({ onType }: { onType: (text: string) => void }) {
  const t = useT();
  const touch = useMedia("(pointer: coarse), (max-width: 720px)");
  if (!touch) return null;
  return (
    <div
      role="toolbar"
      aria-label={t("terminal.keys")}
      className="flex h-11 shrink-0 [scrollbar-width:none] overflow-x-auto border-t border-line bg-surface-2"
      onPointerDown={(event) => event.preventDefault()}
    >
      {KEYS.map(([label, text]) => (
        <button
          key={label}
          type="button"
          onClick={() => onType(text)}
          className="grid h-11 min-w-11 shrink-0 place-items-center px-2.5 font-code text-13 text-text-1 active:bg-surface-3"
        >
          {label}
        </button>
      ))}
    </div>
  );
}
