import { cx } from "./cx";
import { keyLabel } from "./keys";

const TONE = {
  line: "border border-line text-text-3",
  /** On a filled surface. */
  ink: "border border-current/35 text-current",
  bare: "text-text-3",
};

export interface KbdProps {
  /** Like `Mod+Enter`. */
  keys: string;
  tone?: keyof typeof TONE;
  className?: string;
}

/** A key cap; hidden from speech, because the control carries `aria-keyshortcuts`. */
export function Kbd({ keys, tone = "line", className }: KbdProps) {
  return (
    <kbd
      aria-hidden
      className={cx(
        "rounded-[3px] px-1 font-ui text-11 font-medium whitespace-nowrap",
        TONE[tone],
        className,
      )}
    >
      {keyLabel(keys)}
    </kbd>
  );
}
