import { LoaderCircle, type LucideIcon } from "lucide-react";
import { cx } from "./cx";

export interface IconProps {
  of: LucideIcon;
  size?: 14 | 16 | 20;
  className?: string;
}

/** An icon that says nothing by itself: the word stands beside it, or the button is named. */
export function Icon({ of: Glyph, size = 16, className }: IconProps) {
  return <Glyph size={size} strokeWidth={1.75} aria-hidden className={cx("shrink-0", className)} />;
}

export function Spinner({ size = 16, className }: { size?: 14 | 16 | 20; className?: string }) {
  return (
    <Icon
      of={LoaderCircle}
      size={size}
      className={cx("animate-spin motion-reduce:animate-none", className)}
    />
  );
}
