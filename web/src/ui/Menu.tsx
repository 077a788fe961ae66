import { Check, type LucideIcon } from "lucide-react";
import { ContextMenu as Context, DropdownMenu as Dropdown } from "radix-ui";
import { createContext, type ReactNode, useContext } from "react";
import { cx } from "./cx";
import { Icon } from "./Icon";
import { Kbd } from "./Kbd";

/** The same rows work in both menus: they look up which primitive surrounds them. */
const Primitive = createContext<typeof Dropdown | typeof Context>(Dropdown);

const PANEL =
  "z-(--z-menu) max-h-(--radix-popper-available-height) min-w-50 max-w-80 overflow-y-auto rounded-3 bg-raised p-1 shadow-2 " +
  "transition-[opacity,translate] duration-(--d-base) ease-(--ease) starting:opacity-0 starting:-translate-y-1";
const ROW =
  "flex min-h-7 w-full cursor-default items-center gap-2 rounded-1 px-2 text-left text-text-1 no-underline outline-none " +
  "select-none data-highlighted:bg-surface-3 data-highlighted:shadow-none! data-disabled:text-text-3 touch:min-h-11";

export interface MenuProps {
  /** One focusable element. */
  trigger: ReactNode;
  align?: "start" | "center" | "end";
  side?: "top" | "bottom";
  /** Where the focus goes on close, when not to the trigger: call preventDefault. */
  onCloseAutoFocus?: (event: Event) => void;
  children: ReactNode;
}

export function Menu({
  trigger,
  align = "start",
  side = "bottom",
  onCloseAutoFocus,
  children,
}: MenuProps) {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={PANEL}
          {...(onCloseAutoFocus && { onCloseAutoFocus })}
        >
          <Primitive.Provider value={Dropdown}>{children}</Primitive.Provider>
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

export interface ContextMenuProps {
  menu: ReactNode;
  onCloseAutoFocus?: (event: Event) => void;
  /** One element; right click, long press or the menu key on it opens the menu. */
  children: ReactNode;
}

export function ContextMenu({ menu, onCloseAutoFocus, children }: ContextMenuProps) {
  return (
    <Context.Root modal={false}>
      <Context.Trigger asChild>{children}</Context.Trigger>
      <Context.Portal>
        <Context.Content
          collisionPadding={8}
          className={PANEL}
          {...(onCloseAutoFocus && { onCloseAutoFocus })}
        >
          <Primitive.Provider value={Context}>{menu}</Primitive.Provider>
        </Context.Content>
      </Context.Portal>
    </Context.Root>
  );
}

interface RowProps {
  icon?: LucideIcon | undefined;
  keys?: string | undefined;
  children: ReactNode;
}

function RowFace({ icon, keys, children }: RowProps) {
  return (
    <>
      {icon && <Icon of={icon} />}
      <span className="min-w-0 flex-1 py-1">{children}</span>
      {keys && <Kbd keys={keys} tone="bare" className="ml-4 touch:hidden" />}
    </>
  );
}

export interface MenuItemProps extends RowProps {
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

/** Destructive rows come last, after a separator. */
export function MenuItem({ onSelect, danger, disabled = false, ...row }: MenuItemProps) {
  const { Item } = useContext(Primitive);
  return (
    <Item disabled={disabled} onSelect={onSelect} className={cx(ROW, danger && "text-danger")}>
      <RowFace {...row} />
    </Item>
  );
}

export interface MenuLinkProps extends RowProps {
  href: string;
  download?: string;
}

export function MenuLink({ href, download, ...row }: MenuLinkProps) {
  const { Item } = useContext(Primitive);
  return (
    <Item asChild className={ROW}>
      <a href={href} download={download}>
        <RowFace {...row} />
      </a>
    </Item>
  );
}

export function MenuSeparator() {
  const { Separator } = useContext(Primitive);
  return <Separator className="my-1 h-px bg-line" />;
}

export function MenuLabel({ children }: { children: ReactNode }) {
  const { Label } = useContext(Primitive);
  return <Label className="px-2 pt-1.5 pb-1 text-12 text-text-3">{children}</Label>;
}

const TICK = "grid size-4 shrink-0 place-items-center";

export interface MenuCheckProps extends Omit<RowProps, "icon"> {
  checked: boolean;
  onCheckedChange: (checked: boolean) => void;
}

export function MenuCheck({ checked, onCheckedChange, ...row }: MenuCheckProps) {
  const { CheckboxItem, ItemIndicator } = useContext(Primitive);
  return (
    <CheckboxItem checked={checked} onCheckedChange={onCheckedChange} className={ROW}>
      <span className={TICK}>
        <ItemIndicator>
          <Icon of={Check} />
        </ItemIndicator>
      </span>
      <RowFace {...row} />
    </CheckboxItem>
  );
}

export interface MenuRadioGroupProps {
  value: string;
  onValueChange: (value: string) => void;
  children: ReactNode;
}

export function MenuRadioGroup({ value, onValueChange, children }: MenuRadioGroupProps) {
  const { RadioGroup } = useContext(Primitive);
  return (
    <RadioGroup value={value} onValueChange={onValueChange}>
      {children}
    </RadioGroup>
  );
}

export interface MenuRadioProps extends Omit<RowProps, "icon"> {
  value: string;
}

export function MenuRadio({ value, ...row }: MenuRadioProps) {
  const { RadioItem, ItemIndicator } = useContext(Primitive);
  return (
    <RadioItem value={value} className={ROW}>
      <span className={TICK}>
        <ItemIndicator>
          <Icon of={Check} />
        </ItemIndicator>
      </span>
      <RowFace {...row} />
    </RadioItem>
  );
}
