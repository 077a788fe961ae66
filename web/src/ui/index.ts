export { Avatar, AvatarStack, type Person as AvatarPerson } from "./Avatar";
export { Brand } from "./Brand";
export {
  Button,
  ButtonLink,
  type ButtonProps,
  type ButtonVariant,
  IconButton,
  type IconButtonProps,
} from "./Button";
export { copyText } from "./copyText";
export { cx } from "./cx";
export { Dialog, type DialogProps, Sheet } from "./Dialog";
export { Field, FieldError, Input, Select, Switch, Textarea } from "./Field";
export { Icon, Spinner } from "./Icon";
export { Kbd } from "./Kbd";
export { keyLabel } from "./keys";
export {
  ContextMenu,
  Menu,
  MenuCheck,
  MenuItem,
  MenuLabel,
  MenuLink,
  MenuRadio,
  MenuRadioGroup,
  MenuSeparator,
} from "./Menu";
export { Empty, ErrorState, Skeleton, TextButton, useDelay } from "./Notice";
export { givenName, initials, isRinged, personClass } from "./people";
export { SplitButton } from "./SplitButton";
export { State, type StateTone } from "./State";
export { Count, Tab, TabList, TabPanel, Tabs, tabClass } from "./Tabs";
export { ThemeSwitch, useTheme } from "./ThemeSwitch";
export { Tooltip } from "./Tooltip";
export { type Toast, toast } from "./toasts";
export { UiProvider } from "./UiProvider";
export { useMedia, usePhone } from "./useMedia";
export { type StickToEnd, useStickToEnd } from "./useStickToEnd";
