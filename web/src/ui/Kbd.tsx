import { cx } from "./cx";
import { keyLabel } from "./keys";

/** A key cap; hidden from speech, because the control carries `aria-keyshortcuts`. */
export function Kbd({ keys, className }: { keys: string; className?: string }) {
  return (
    <kbd
      aria-hidden
      className={cx(
        "rounded-[3px] border border-line px-1 font-ui text-11 font-medium whitespace-nowrap text-text-3",
        className,
      )}
    >
      {keyLabel(keys)}
    </kbd>
  );
}
