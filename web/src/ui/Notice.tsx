import { type LucideIcon, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useT } from "../i18n";
import { copyText } from "./copyText";
import { cx } from "./cx";
import { Icon } from "./Icon";
import { toast } from "./toasts";

interface NoticeProps {
  icon: LucideIcon;
  title: ReactNode;
  children?: ReactNode;
  /** One plain button, and quiet ones after it. */
  actions?: ReactNode;
  className?: string;
  level?: 1 | 2 | 3;
}

const LAYOUT = "grid justify-items-center gap-1.5 p-6 text-center";

function Face({ title, children, actions, level = 3 }: Omit<NoticeProps, "icon" | "className">) {
  const Heading = `h${level}` as const;
  return (
    <>
      <Heading className={cx("font-semibold", level === 1 && "text-20 tracking-[-.01em]")}>
        {title}
      </Heading>
      {children && <p className="max-w-96 text-balance text-text-2">{children}</p>}
      {actions && <div className="mt-1.5 flex flex-wrap justify-center gap-3">{actions}</div>}
    </>
  );
}

/** What will be here, and one way to begin. */
export function Empty({ icon, className, ...face }: NoticeProps) {
  return (
    <div className={cx(LAYOUT, className)}>
      <Icon of={icon} size={20} className="text-text-2" />
      <Face {...face} />
    </div>
  );
}

export interface ErrorStateProps extends Omit<NoticeProps, "icon"> {
  /** A short code for whoever helps. */
  code?: string | null | undefined;
}

/** What did not work, what is safe, what to do. */
export function ErrorState({ code, actions, className, ...face }: ErrorStateProps) {
  const details = code && <CopyDetails code={code} />;
  return (
    <div role="alert" className={cx(LAYOUT, className)}>
      <Icon of={TriangleAlert} size={20} className="text-danger" />
      <Face
        {...face}
        actions={
          (actions || details) &&
          [actions, details].map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two fixed places
            <span key={index} className="contents">
              {part}
            </span>
          ))
        }
      />
    </div>
  );
}

function CopyDetails({ code }: { code: string }) {
  const t = useT();
  const copy = async () => {
    if (await copyText(code)) toast({ text: t("ui.detailsCopied") });
  };
  return (
    <TextButton onClick={() => void copy()}>
      {t("ui.copyDetails", { code: code.slice(0, 8) })}
    </TextButton>
  );
}

export interface TextButtonProps {
  onClick: () => void;
  className?: string;
  children: ReactNode;
}

/** A button inside a sentence: looks like a link, does something here. */
export function TextButton({ onClick, className, children }: TextButtonProps) {
  return (
    <button
      type="button"
      onClick={onClick}
      className={cx(
        "min-h-6 rounded-1 text-accent underline underline-offset-2 touch:min-h-11",
        className,
      )}
    >
      {children}
    </button>
  );
}

/** True once `milliseconds` have passed since mounting. */
export function useDelay(milliseconds: number): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), milliseconds);
    return () => clearTimeout(timer);
  }, [milliseconds]);
  return over;
}

export interface SkeletonProps {
  label: string;
  /** Width of each row in percent. */
  rows: readonly number[];
  /** Height of a row of the real content. */
  rowHeight?: number;
  className?: string;
}

/** Rows of the real height, after 300 ms, without shimmer. */
export function Skeleton({ label, rows, rowHeight = 20, className }: SkeletonProps) {
  const late = useDelay(300);
  return (
    <div role="status" aria-label={label} className={className}>
      {late &&
        rows.map((width, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows never change places
          <div key={index} className="flex items-center" style={{ height: rowHeight }}>
            <div className="h-2.5 rounded-[3px] bg-surface-3" style={{ width: `${width}%` }} />
          </div>
        ))}
    </div>
  );
}
