import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { Toaster } from "./Toaster";

/** Around the whole page: tooltips share one delay, toasts one place. */
export function UiProvider({ children }: { children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={300}>
      {children}
      <Toaster />
    </Tooltip.Provider>
  );
}
