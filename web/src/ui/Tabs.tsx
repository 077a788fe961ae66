import { Tabs as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";

/** Radix Tabs with the 2 px ink underline. */
export function Tabs({ className, ...rest }: ComponentProps<typeof Radix.Root>) {
  return <Radix.Root {...rest} className={className} />;
}

export interface TabListProps {
  label: string;
  className?: string;
  children: ReactNode;
}

export function TabList({ label, className, children }: TabListProps) {
  return (
    <Radix.List aria-label={label} className={cx("flex h-(--h-tabs) items-stretch", className)}>
      {children}
    </Radix.List>
  );
}

export const tabClass =
  "inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap px-3 text-text-2 no-underline hover:text-text-1 " +
  "aria-selected:bg-surface-1 aria-selected:font-medium aria-selected:text-text-1 aria-selected:shadow-[inset_0_-2px_0_var(--text-1)]";

export function Tab({ className, ...rest }: ComponentProps<typeof Radix.Trigger>) {
  return <Radix.Trigger {...rest} className={cx(tabClass, className)} />;
}

export const TabPanel = Radix.Content;

/** A small number in a pill. */
export function Count({
  children,
  ink,
  className,
}: {
  children: ReactNode;
  ink?: boolean;
  className?: string;
}) {
  return (
    <span
      className={cx(
        "min-w-4 rounded-full px-1 text-center text-11 font-medium tabular-nums",
        ink ? "bg-text-1 text-on-ink" : "bg-surface-3 text-text-2",
        className,
      )}
    >
      {children}
    </span>
  );
}
