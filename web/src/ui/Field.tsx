import { ChevronDown, TriangleAlert } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./cx";
import { Icon } from "./Icon";

const BOX =
  "w-full rounded-2 border border-line-strong bg-surface-1 px-2.5 text-text-1 transition-colors duration-(--d-fast) " +
  "placeholder:text-text-3 touch:text-16 aria-invalid:border-danger aria-invalid:ring-1 aria-invalid:ring-danger " +
  "disabled:border-dashed disabled:text-text-3";

/** What a labelled control has to carry. */
export interface FieldIds {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

export interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  /** Replaces the hint. */
  error?: ReactNode;
  className?: string;
  children: (ids: FieldIds) => ReactNode;
}

/** Label above, hint or error below, never both. */
export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  const ids: FieldIds = { id };
  if (note) ids["aria-describedby"] = noteId;
  if (error) ids["aria-invalid"] = true;
  return (
    <div className={cx("grid content-start gap-1", className)}>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children(ids)}
      {error ? (
        <FieldError id={noteId}>{error}</FieldError>
      ) : (
        hint && (
          <p id={noteId} className="text-12 text-text-3">
            {hint}
          </p>
        )
      )}
    </div>
  );
}

export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} role="alert" className="flex items-start gap-1 text-12 text-danger">
      <Icon of={TriangleAlert} size={14} className="mt-px" />
      <span>{children}</span>
    </p>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input {...rest} className={cx(BOX, "h-8 touch:h-11", className)} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea {...rest} className={cx(BOX, "block resize-y py-1.5 leading-5", className)} />;
}

/** The platform's own list: best on phones and for assistive technology. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <span className={cx("relative block", className)}>
      <select {...rest} className={cx(BOX, "h-8 appearance-none truncate pr-8 touch:h-11")}>
        {children}
      </select>
      <Icon
        of={ChevronDown}
        className="pointer-events-none absolute top-1/2 right-2.5 -translate-y-1/2 text-text-2"
      />
    </span>
  );
}

export interface SwitchProps extends Omit<ComponentProps<"input">, "type" | "onChange"> {
  onCheckedChange?: (checked: boolean) => void;
}

/** For what applies at once. */
export function Switch({ className, onCheckedChange, ...rest }: SwitchProps) {
  return (
    <input
      {...rest}
      type="checkbox"
      // biome-ignore lint/a11y/useAriaPropsForRole: the checkbox itself tells whether it is checked
      role="switch"
      onChange={(event) => onCheckedChange?.(event.target.checked)}
      className={cx(
        "relative h-5 w-8 shrink-0 cursor-pointer appearance-none rounded-full border border-line-strong bg-surface-1",
        "after:absolute after:top-[3px] after:left-[3px] after:size-3 after:rounded-full after:bg-line-strong after:content-['']",
        "after:transition-[translate] after:duration-(--d-fast) checked:border-text-1 checked:bg-text-1",
        "checked:after:translate-x-3 checked:after:bg-surface-1",
        className,
      )}
    />
  );
}
