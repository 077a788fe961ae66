import { useT } from "../i18n";
import { cx } from "./cx";
import { initials, isRinged, personClass } from "./people";

const SIZE = {
  sm: "size-5 text-[9px] leading-5",
  md: "size-6 text-[10px] leading-6",
  lg: "size-8 text-[12px] leading-8",
};

export interface Person {
  id: string;
  name: string;
  number: number;
  away?: boolean;
}

export interface AvatarProps {
  name: string;
  number: number;
  away?: boolean | undefined;
  size?: keyof typeof SIZE;
  /** Say the name, where it does not stand beside the avatar. */
  labelled?: boolean;
  className?: string;
}

function fillOf(away: boolean, ringed: boolean): string {
  if (away) return "text-person shadow-[inset_0_0_0_1.5px_var(--p)]";
  if (ringed) {
    return "bg-person text-on-ink shadow-[inset_0_0_0_1.5px_var(--p),inset_0_0_0_3px_var(--surface-1)]";
  }
  return "bg-person text-on-ink";
}

export function Avatar({
  name,
  number,
  away = false,
  size = "md",
  labelled,
  className,
}: AvatarProps) {
  const named = labelled ? { role: "img", "aria-label": name } : { "aria-hidden": true };
  return (
    <span
      {...named}
      className={cx(
        "inline-block shrink-0 rounded-full text-center font-ui font-semibold tracking-[-.01em] select-none before:content-[attr(data-initials)]",
        personClass(number),
        SIZE[size],
        fillOf(away, isRinged(number)),
        className,
      )}
      data-initials={initials(name)}
    />
  );
}

export interface AvatarStackProps {
  people: readonly Person[];
  /** After so many the rest is a number. */
  max?: number;
  size?: keyof typeof SIZE;
  label?: string;
  className?: string;
}

export function AvatarStack({ people, max = 5, size = "md", label, className }: AvatarStackProps) {
  const t = useT();
  const rest = people.length - max;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls
    <div
      role="group"
      aria-label={label ?? t("ui.peopleHere", { count: people.length })}
      className={cx("flex shrink-0 gap-[3px]", className)}
    >
      {people.slice(0, max).map((person) => (
        <Avatar key={person.id} {...person} size={size} labelled />
      ))}
      {rest > 0 && (
        <span
          role="img"
          aria-label={t("ui.morePeople", { count: rest })}
          className={cx(
            "inline-block rounded-full bg-surface-3 text-center font-semibold text-text-2 tabular-nums",
            SIZE[size],
          )}
        >
          {`+${rest}`}
        </span>
      )}
    </div>
  );
}
