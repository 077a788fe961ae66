import { Download, Ellipsis, Home, Keyboard, Minus, Plus, UserPlus } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useRoom } from "../collab";
import { useCaret, useEditorSettings, useWorkbench } from "../editor/workbench";
import { downloadAll } from "../files/transfer";
import { useT } from "../i18n";
import {
  IconButton,
  Menu,
  MenuCheck,
  MenuItem,
  MenuLabel,
  MenuLink,
  MenuRadio,
  MenuRadioGroup,
  MenuSeparator,
  usePhone,
} from "../ui";
import { ConnectionFact, caretWords, IndentRadios } from "./StatusLine";
import { useThemeChoice } from "./theme";

const Shortcuts = lazy(() => import("./Shortcuts"));

/** What is needed now and then; on a phone also what the status line says. */
export function RoomMenu({ onInvite }: { onInvite: () => void }) {
  const t = useT();
  const phone = usePhone();
  const { api, room } = useRoom();
  const [help, setHelp] = useState(false);
  useQuestionMark(() => setHelp(true));
  return (
    <>
      <Menu
        align="end"
        trigger={<IconButton data-room-menu icon={Ellipsis} label={t("room.menu")} />}
      >
        {phone && <PhoneFacts />}
        {phone && (
          <MenuItem icon={UserPlus} onSelect={onInvite}>
            {t("room.invite")}
          </MenuItem>
        )}
        <MenuItem icon={Download} onSelect={() => void downloadAll(api, room.name)}>
          {t("room.downloadZip")}
        </MenuItem>
        <MenuItem icon={Keyboard} keys="?" onSelect={() => setHelp(true)}>
          {t("room.shortcuts")}
        </MenuItem>
        <MenuSeparator />
        <EditorChoices />
        <MenuSeparator />
        <ThemeChoices />
        <MenuSeparator />
        <MenuLink icon={Home} href="/">
          {t("room.goHome")}
        </MenuLink>
      </Menu>
      {help && (
        <Suspense>
          <Shortcuts
            onClose={() => {
              setHelp(false);
              setTimeout(focusMenu, 50);
            }}
          />
        </Suspense>
      )}
    </>
  );
}

/** The item that opened a dialog is gone with its menu, so the focus would fall to the page. */
function focusMenu(): void {
  if (document.activeElement !== document.body) return;
  document.querySelector<HTMLElement>("[data-room-menu]")?.focus();
}

function PhoneFacts() {
  const t = useT();
  const caret = useCaret();
  return (
    <>
      <div className="flex min-h-9 flex-wrap items-center gap-x-4 px-2 text-12 text-text-2">
        <ConnectionFact />
        {caret && <span className="tabular-nums">{caretWords(caret)}</span>}
      </div>
      {caret && (
        <>
          <MenuLabel>{t("room.indentation")}</MenuLabel>
          <IndentRadios indent={caret.indent} />
        </>
      )}
      <MenuSeparator />
    </>
  );
}

function EditorChoices() {
  const t = useT();
  const { settings } = useWorkbench();
  const { wrap, ligatures, terminalReader, fontSize } = useEditorSettings();
  return (
    <>
      <MenuLabel>{t("room.textSize", { size: fontSize })}</MenuLabel>
      <MenuItem icon={Plus} onSelect={() => settings.enlarge(1)}>
        {t("room.fontLarger")}
      </MenuItem>
      <MenuItem icon={Minus} onSelect={() => settings.enlarge(-1)}>
        {t("room.fontSmaller")}
      </MenuItem>
      <MenuCheck checked={wrap} onCheckedChange={(on) => settings.set({ wrap: on })}>
        {t("room.wrap")}
      </MenuCheck>
      <MenuCheck checked={ligatures} onCheckedChange={(on) => settings.set({ ligatures: on })}>
        {t("room.ligatures")}
      </MenuCheck>
      <MenuCheck
        checked={terminalReader}
        onCheckedChange={(on) => settings.set({ terminalReader: on })}
      >
        {t("terminal.reader")}
      </MenuCheck>
    </>
  );
}

function ThemeChoices() {
  const t = useT();
  const [theme, setTheme] = useThemeChoice();
  return (
    <>
      <MenuLabel>{t("room.theme")}</MenuLabel>
      <MenuRadioGroup value={theme} onValueChange={setTheme}>
        <MenuRadio value="system">{t("room.themeSystem")}</MenuRadio>
        <MenuRadio value="light">{t("room.themeLight")}</MenuRadio>
        <MenuRadio value="dark">{t("room.themeDark")}</MenuRadio>
      </MenuRadioGroup>
    </>
  );
}

/** "?" anywhere but in a field opens the list of shortcuts. */
function useQuestionMark(open: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      const field =
        target instanceof HTMLElement &&
        (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (event.key !== "?" || field || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      open();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
}
