import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { useT } from "../i18n";
import { Button } from "./Button";
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

/** Gives the focus back to where it was: Radix does so only for a trigger of its own. */
function useReturn() {
  const before = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: () => {
      before.current = document.activeElement;
    },
    onCloseAutoFocus: () => {
      if (before.current instanceof HTMLElement && before.current.isConnected)
        before.current.focus();
    },
  };
}

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
  const focus = useReturn();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={SCRIM} />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          {...focus}
          className={cx(
            "fixed z-(--z-dialog) flex max-h-[85dvh] flex-col gap-3 overflow-y-auto overscroll-contain bg-raised p-5 shadow-3",
            "wide:inset-x-4 wide:top-[12dvh] wide:mx-auto wide:rounded-4",
            width === "lg" ? "wide:max-w-[560px]" : "wide:max-w-[440px]",
            "phone:inset-x-0 phone:bottom-0 phone:rounded-t-4 phone:pb-[calc(20px+env(safe-area-inset-bottom))]",
            MOTION,
            className,
          )}
        >
          <Radix.Title className="min-w-0 pr-8 text-16 font-semibold">{title}</Radix.Title>
          {description && (
            <Radix.Description className="-mt-2 text-text-2">{description}</Radix.Description>
          )}
          {children}
          {footer && (
            <div className="mt-1 flex flex-wrap items-center justify-end gap-2 phone:flex-col-reverse phone:items-stretch">
              {footer}
            </div>
          )}
          <CloseButton label={t("ui.close")} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Last in order, so that the focus starts in the content; a tooltip here would take the first Escape. */
function CloseButton({ label }: { label: string }) {
  return (
    <Radix.Close asChild>
      <Button
        variant="quiet"
        aria-label={label}
        className="absolute! top-4 right-3.5 w-(--h-control) px-0!"
      >
        <Icon of={X} />
      </Button>
    </Radix.Close>
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
