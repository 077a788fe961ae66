import { Tooltip as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Kbd } from "./Kbd";

export interface TooltipProps {
  label: ReactNode;
  keys?: string | undefined;
  side?: "top" | "bottom" | "left" | "right";
  children: ReactNode;
}

/** Name and shortcut after 500 ms; never the only place of a fact. */
export function Tooltip({ label, keys, side = "bottom", children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-(--z-tooltip) flex max-w-80 items-center wrap-anywhere gap-2 rounded-1 bg-text-1 px-2 py-1 text-12 text-on-ink"
        >
          {label}
          {keys && <Kbd keys={keys} tone="ink" />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
