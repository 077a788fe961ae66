import type { KeyboardEvent, PointerEvent } from "react";
import { cx } from "../ui";

export interface ResizerProps {
  label: string;
  /** `vertical` stands between columns and moves left and right. */
  orientation: "vertical" | "horizontal";
  value: number;
  min: number;
  max: number;
  /** Value for pixels moved to the right or down since the drag began. */
  valueAt: (start: number, pixels: number) => number;
  /** One arrow key. */
  step: number;
  first: number;
  onChange: (value: number) => void;
  className?: string;
}

/** The line between two panels: drag, arrow keys, double click for the first size. */
export function Resizer(props: ResizerProps) {
  const { label, orientation, value, min, max, valueAt, step, first, onChange, className } = props;
  const vertical = orientation === "vertical";
  const set = (next: number) => onChange(Math.min(max, Math.max(min, next)));

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const handle = event.currentTarget;
    const origin = vertical ? event.clientX : event.clientY;
    handle.setPointerCapture(event.pointerId);
    const move = (to: globalThis.PointerEvent) =>
      set(valueAt(value, (vertical ? to.clientX : to.clientY) - origin));
    const end = () => handle.removeEventListener("pointermove", move);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", end, { once: true });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const [less, more] = vertical ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const sign = Math.sign(valueAt(0, 1)) || 1;
    if (event.key === less) set(value - step * sign);
    else if (event.key === more) set(value + step * sign);
    else if (event.key === "Home") set(min);
    else if (event.key === "End") set(max);
    else return;
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves is no hr
    <div
      role="separator"
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={Math.round(value)}
      aria-valuemin={Math.round(min)}
      aria-valuemax={Math.round(max)}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      onDoubleClick={() => onChange(first)}
      className={cx(
        "z-(--z-sticky) shrink-0 touch-none bg-line after:absolute after:content-['']",
        "hover:bg-line-strong focus-visible:bg-accent",
        vertical
          ? "w-px cursor-col-resize after:inset-y-0 after:-inset-x-1"
          : "h-px cursor-row-resize after:inset-x-0 after:-inset-y-1",
        className,
      )}
    />
  );
}
