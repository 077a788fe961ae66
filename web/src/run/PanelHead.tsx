import type { ReactNode } from "react";

/** The line over a panel: what it is, then its state and tools. */
export function PanelHead({ lead, children }: { lead: ReactNode; children: ReactNode }) {
  return (
    <div className="flex shrink-0 flex-wrap items-stretch border-b border-line bg-surface-2">
      {lead}
      {children}
    </div>
  );
}

/** The name of a panel that stands alone. */
export function HeadName({ children }: { children: ReactNode }) {
  return (
    <h2 className="flex h-(--h-tabs) items-center bg-surface-1 px-3 font-medium shadow-[inset_0_-2px_0_var(--text-1)]">
      {children}
    </h2>
  );
}
