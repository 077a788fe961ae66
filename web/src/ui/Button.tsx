import type { LucideIcon } from "lucide-react";
import type { ComponentProps, MouseEvent, ReactNode } from "react";
import { cx } from "./cx";
import { Icon, Spinner } from "./Icon";
import { Kbd } from "./Kbd";
import { ariaKeys } from "./keys";
import { Tooltip } from "./Tooltip";

export type ButtonVariant = "ink" | "plain" | "quiet" | "danger" | "danger-ink";

const BASE =
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-2 border font-medium whitespace-nowrap no-underline " +
  "select-none transition-colors duration-(--d-fast) disabled:cursor-default aria-disabled:cursor-default " +
  "touch:relative touch:after:absolute touch:after:-inset-1 touch:after:content-['']";

const LOOK: Record<ButtonVariant, string> = {
  ink: "border-transparent bg-text-1 text-on-ink hover:bg-text-2",
  plain:
    "border-line bg-surface-1 text-text-1 shadow-1 hover:bg-surface-3 aria-expanded:bg-surface-3",
  quiet:
    "border-transparent text-text-2 hover:bg-surface-3 hover:text-text-1 aria-expanded:bg-surface-3 " +
    "aria-expanded:text-text-1 aria-pressed:bg-surface-3 aria-pressed:text-text-1",
  danger: "border-current text-danger hover:bg-danger-soft",
  "danger-ink": "border-transparent bg-danger text-on-ink hover:bg-text-1",
};

const OFF = "border-dashed border-line-strong bg-transparent text-text-3";
const SIZE = {
  md: "h-(--h-control) px-2.5",
  field: "h-8 px-2.5 touch:h-11 touch:px-3.5",
  lg: "h-9 px-4 touch:h-11",
};

export interface ButtonProps extends Omit<ComponentProps<"button">, "disabled"> {
  variant?: ButtonVariant;
  /** `field` stands beside an input. */
  size?: keyof typeof SIZE;
  icon?: LucideIcon;
  /** Shown as a key cap and told to assistive technology, like `Mod+Enter`. */
  keys?: string;
  busy?: boolean;
  /** The word while busy, in "-ing". */
  busyLabel?: string;
  disabled?: boolean;
  /** Why it cannot be used now; keeps the button focusable so that the reason can be read. */
  disabledReason?: string | null | undefined;
}

function lookOf(variant: ButtonVariant, off: boolean): string {
  return off ? OFF : LOOK[variant];
}

export function Button({
  variant = "plain",
  size = "md",
  icon,
  keys,
  busy = false,
  busyLabel,
  disabled = false,
  disabledReason,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const blocked = busy || Boolean(disabledReason);
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (blocked) event.preventDefault();
    else onClick?.(event);
  };
  const button = (
    <button
      type="button"
      {...rest}
      onClick={press}
      disabled={disabled}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      aria-keyshortcuts={keys && ariaKeys(keys)}
      className={cx(
        BASE,
        SIZE[size],
        lookOf(variant, disabled || Boolean(disabledReason)),
        className,
      )}
    >
      <ButtonFace icon={icon} busy={busy} busyLabel={busyLabel}>
        {children}
      </ButtonFace>
      {keys && !busy && (
        <Kbd keys={keys} tone={variant === "ink" ? "ink" : "line"} className="touch:hidden" />
      )}
    </button>
  );
  return disabledReason ? <Tooltip label={disabledReason}>{button}</Tooltip> : button;
}

interface FaceProps {
  icon: LucideIcon | undefined;
  busy: boolean;
  busyLabel: string | undefined;
  children: ReactNode;
}

/** Both words share one grid cell, so that the width stays while busy. */
function ButtonFace({ icon, busy, busyLabel, children }: FaceProps) {
  const glyph = busy ? <Spinner /> : icon && <Icon of={icon} />;
  if (!busyLabel) return [glyph && <span key="icon">{glyph}</span>, children];
  return (
    <span className="grid">
      <span
        aria-hidden={busy || undefined}
        className={cx(
          "col-start-1 row-start-1 inline-flex items-center justify-center gap-1.5",
          busy && "invisible",
        )}
      >
        {icon && <Icon of={icon} />}
        {children}
      </span>
      <span
        aria-hidden={!busy || undefined}
        className={cx(
          "col-start-1 row-start-1 inline-flex items-center justify-center gap-1.5",
          !busy && "invisible",
        )}
      >
        <Spinner />
        {busyLabel}
      </span>
    </span>
  );
}

export interface ButtonLinkProps extends ComponentProps<"a"> {
  variant?: ButtonVariant;
  size?: keyof typeof SIZE;
  icon?: LucideIcon;
}

/** A link that looks like a button: it goes somewhere. */
export function ButtonLink({
  variant = "plain",
  size = "md",
  icon,
  className,
  children,
  ...rest
}: ButtonLinkProps) {
  return (
    <a {...rest} className={cx(BASE, SIZE[size], LOOK[variant], className)}>
      {icon && <Icon of={icon} />}
      {children}
    </a>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children" | "aria-label"> {
  label: string;
  icon: LucideIcon;
  keys?: string;
  variant?: "plain" | "quiet" | "ink";
  pressed?: boolean;
  tooltipSide?: "top" | "bottom" | "left" | "right";
  /** A small count or mark over the icon. */
  badge?: ReactNode;
}

/** A named icon with a tooltip. */
export function IconButton({
  label,
  icon,
  keys,
  variant = "quiet",
  pressed,
  tooltipSide = "bottom",
  badge,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip label={label} keys={keys} side={tooltipSide}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        aria-pressed={pressed}
        aria-keyshortcuts={keys && ariaKeys(keys)}
        className={cx(
          BASE,
          "relative size-(--h-control) touch:w-10",
          rest.disabled ? OFF : LOOK[variant],
          className,
        )}
      >
        <Icon of={icon} />
        {badge}
      </button>
    </Tooltip>
  );
}
