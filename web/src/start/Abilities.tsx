import { CloudOff, type LucideIcon, MessageSquare, Terminal, Users } from "lucide-react";
import { type MessageKey, useT } from "../i18n";
import { Icon } from "../ui";
import { PairPicture } from "./PairPicture";

const ABILITIES: readonly { icon: LucideIcon; name: MessageKey; text: MessageKey }[] = [
  { icon: Users, name: "start.writeName", text: "start.writeText" },
  { icon: Terminal, name: "start.runName", text: "start.runText" },
  { icon: MessageSquare, name: "start.talkName", text: "start.talkText" },
  { icon: CloudOff, name: "start.offlineName", text: "start.offlineText" },
];

/** What a room is for, beside a picture of one. */
export function Abilities() {
  const t = useT();
  return (
    <div className="grid grid-cols-[232px_minmax(0,1fr)] items-center gap-6 rounded-3 border border-line bg-surface-1 p-4 max-[1000px]:grid-cols-1 phone:gap-4 phone:p-3">
      <PairPicture className="block h-auto w-full max-[1000px]:hidden" />
      <ul
        className="grid grid-cols-2 gap-x-6 gap-y-3 phone:gap-x-4"
        aria-label={t("start.abilities")}
      >
        {ABILITIES.map(({ icon, name, text }) => (
          <li key={name}>
            <p className="flex items-center gap-2 font-medium">
              <Icon of={icon} className="text-text-2" />
              {t(name)}
            </p>
            <p className="mt-0.5 text-12 leading-[18px] text-text-2">{t(text)}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}
