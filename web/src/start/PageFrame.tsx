import { type ReactNode, useEffect } from "react";
import { useT } from "../i18n";
import { Brand, ThemeSwitch } from "../ui";

export interface PageFrameProps {
  /** Of the browser's tab. */
  title: string;
  children: ReactNode;
  foot?: ReactNode;
}

/** Bar, content and foot of the pages outside rooms. */
export function PageFrame({ title, children, foot }: PageFrameProps) {
  const t = useT();
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div className="grid min-h-dvh grid-rows-[auto_1fr_auto] bg-surface-2">
      <a
        href="#main"
        className="absolute -top-20 left-2 z-(--z-tooltip) rounded-2 bg-text-1 px-3 py-2 text-on-ink focus:top-2"
      >
        {t("start.skip")}
      </a>
      <header className="sticky top-0 z-(--z-sticky) flex h-(--h-bar) items-center gap-2 border-b border-line bg-surface-2 px-3">
        <a
          href="/"
          className="inline-flex min-h-7 items-center gap-2 rounded-2 pr-1 text-14 font-semibold tracking-[-.01em] text-text-1 no-underline touch:min-h-11"
        >
          <Brand />
          {t("start.brand")}
        </a>
        <span className="flex-1" />
        <ThemeSwitch />
      </header>
      {children}
      {foot}
    </div>
  );
}
