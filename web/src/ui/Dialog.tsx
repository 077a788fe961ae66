import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import { cx } from "./cx";
import { Icon } from "./Icon";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
  /** Buttons, the safe one first; on phones they stand one under the other. */
  footer?: ReactNode;
  width?: "md" | "lg";
  className?: string;
}

const SCRIM =
  "fixed inset-0 z-(--z-dialog) bg-scrim transition-opacity duration-(--d-base) starting:opacity-0";
const MOTION =
  "transition-[opacity,translate] duration-(--d-base) ease-(--ease) starting:opacity-0 starting:translate-y-2";

/** In the middle of the window; a bottom sheet on phones. */
export function Dialog(props: DialogProps) {
  const {
    open,
    onOpenChange,
    title,
    description,
    children,
    footer,
    width = "md",
    className,
  } = props;
  const t = useT();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={SCRIM} />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          className={cx(
            "fixed z-(--z-dialog) flex max-h-[85dvh] flex-col gap-3 overflow-y-auto overscroll-contain bg-raised p-5 shadow-3",
            "wide:inset-x-4 wide:top-[12dvh] wide:mx-auto wide:rounded-4",
            width === "lg" ? "wide:max-w-[560px]" : "wide:max-w-[440px]",
            "phone:inset-x-0 phone:bottom-0 phone:rounded-t-4 phone:pb-[calc(20px+env(safe-area-inset-bottom))]",
            MOTION,
            className,
          )}
        >
          <div className="flex items-start gap-3">
            <Radix.Title className="min-w-0 flex-1 text-16 font-semibold">{title}</Radix.Title>
            {/* No tooltip here: it would take the first Escape from the dialog. */}
            <Radix.Close
              aria-label={t("ui.close")}
              className="-mt-0.5 -mr-1.5 grid size-(--h-control) shrink-0 place-items-center rounded-2 text-text-2 hover:bg-surface-3 hover:text-text-1"
            >
              <Icon of={X} />
            </Radix.Close>
          </div>
          {description && (
            <Radix.Description className="-mt-2 text-text-2">{description}</Radix.Description>
          )}
          {children}
          {footer && (
            <div className="mt-1 flex flex-wrap items-center justify-end gap-2 phone:flex-col-reverse phone:items-stretch">
              {footer}
            </div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Named for assistive technology; the content shows its own head. */
  label: string;
  children: ReactNode;
}

/** A tall sheet from the bottom whose content brings its own head and scrolling. */
export function Sheet({ open, onOpenChange, label, children }: SheetProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={SCRIM} />
        <Radix.Content
          aria-describedby={undefined}
          className={cx(
            "fixed inset-x-0 bottom-0 z-(--z-dialog) flex h-[85dvh] flex-col overflow-hidden rounded-t-4 bg-surface-2",
            "pb-[env(safe-area-inset-bottom)] shadow-3",
            MOTION,
          )}
        >
          <Radix.Title className="sr-only">{label}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
