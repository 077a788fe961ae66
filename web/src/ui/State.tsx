import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { Icon, Spinner } from "./Icon";

export type StateTone = "plain" | "ok" | "warn" | "bad" | "info" | "mute";

const WORD: Record<StateTone, string> = {
  plain: "text-text-2",
  ok: "text-text-2",
  warn: "text-caution",
  bad: "text-danger",
  info: "text-accent",
  mute: "text-text-2",
};
const PILL: Record<StateTone, string> = {
  plain: "bg-surface-3 text-text-2",
  ok: "bg-positive-soft text-positive",
  warn: "bg-caution-soft text-caution",
  bad: "bg-danger-soft text-danger",
  info: "bg-accent-soft text-accent",
  mute: "bg-surface-3 text-text-2",
};

export interface StateProps {
  icon?: LucideIcon;
  spin?: boolean;
  tone?: StateTone;
  pill?: boolean;
  className?: string;
  children: ReactNode;
}

/** A glyph and a word; the colour comes third. */
export function State({ icon, spin, tone = "plain", pill, className, children }: StateProps) {
  const tint = tone === "ok" && !pill ? "text-positive" : undefined;
  return (
    <span
      className={cx(
        "inline-flex min-w-0 items-center gap-[5px] text-12 whitespace-nowrap tabular-nums",
        pill ? cx("rounded-full px-2 py-[3px]", PILL[tone]) : WORD[tone],
        className,
      )}
    >
      {spin ? (
        <Spinner size={14} />
      ) : (
        icon && <Icon of={icon} size={14} {...(tint && { className: tint })} />
      )}
      <span className="truncate">{children}</span>
    </span>
  );
}
