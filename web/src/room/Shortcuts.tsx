import { type MessageKey, useT } from "../i18n";
import { Dialog, Kbd } from "../ui";

const LIST: readonly (readonly [string, MessageKey])[] = [
  ["Mod+Enter", "commands.run"],
  ["Mod+Shift+Enter", "commands.runInTerminal"],
  ["F6", "commands.panels"],
  ["Escape, Tab", "commands.leave"],
  ["Mod+Z", "commands.undo"],
  ["Mod+Shift+Z", "commands.redo"],
  ["Mod+F", "commands.find"],
  ["Mod+/", "commands.comment"],
  ["Mod+D", "commands.nextMatch"],
  ["Mod+Alt+Down", "commands.cursorBelow"],
  ["Alt+Up", "commands.moveLine"],
  ["F2", "commands.rename"],
  ["Delete", "commands.deleteFile"],
  ["?", "commands.shortcuts"],
];

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open onOpenChange={onClose} title={t("commands.title")}>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-4 gap-y-2">
        {LIST.map(([keys, label]) => (
          <div key={label} className="contents">
            <dt className="flex gap-1">
              {keys.split(", ").map((one) => (
                <Kbd key={one} keys={one} />
              ))}
            </dt>
            <dd>{t(label)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
