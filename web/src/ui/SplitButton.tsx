import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import { Button, type ButtonProps } from "./Button";
import { cx } from "./cx";
import { Icon } from "./Icon";
import { Menu } from "./Menu";

export interface SplitButtonProps extends ButtonProps {
  /** Name of the arrow half. */
  menuLabel: string;
  menu: ReactNode;
}

/** One verb, and its variants behind an arrow. */
export function SplitButton({
  menuLabel,
  menu,
  className,
  variant = "ink",
  ...rest
}: SplitButtonProps) {
  const arrow = (
    <Button variant={variant} aria-label={menuLabel} className="ml-px w-6.5 rounded-l-none px-0!">
      <Icon of={ChevronDown} />
    </Button>
  );
  return (
    <span className="inline-flex">
      <Button {...rest} variant={variant} className={cx("rounded-r-none", className)} />
      <Menu trigger={arrow} align="end">
        {menu}
      </Menu>
    </span>
  );
}
