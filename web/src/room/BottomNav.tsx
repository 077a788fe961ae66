import { Code, FlaskConical, Folder, type LucideIcon, MessageSquare, Terminal } from "lucide-react";
import { useUnreadChat } from "../chat";
import { type MessageKey, useT } from "../i18n";
import { Count, Icon } from "../ui";
import { type Place, useLayout } from "./layout";

const PLACES: readonly (readonly [Place, LucideIcon, MessageKey])[] = [
  ["files", Folder, "room.files"],
  ["code", Code, "room.code"],
  ["output", Terminal, "room.output"],
  ["tests", FlaskConical, "room.tests"],
  ["chat", MessageSquare, "room.chat"],
];

/** The places of a phone, one at a time. */
export function BottomNav() {
  const t = useT();
  const [{ place }, setLayout] = useLayout();
  const unread = useUnreadChat(place === "chat");
  return (
    <nav
      aria-label={t("room.places")}
      className="flex shrink-0 border-t border-line bg-surface-2 pb-[env(safe-area-inset-bottom)]"
    >
      {PLACES.map(([id, icon, label]) => (
        <button
          key={id}
          type="button"
          aria-current={place === id ? "page" : undefined}
          onClick={() => setLayout({ place: id })}
          className="relative flex h-14 flex-1 flex-col items-center justify-center gap-0.5 text-11 font-medium text-text-2 aria-[current]:text-text-1 aria-[current]:shadow-[inset_0_2px_0_var(--text-1)]"
        >
          <Icon of={icon} size={20} />
          {t(label)}
          {id === "chat" && unread > 0 && (
            <Count ink className="absolute top-[5px] left-[calc(50%+6px)]">
              <span aria-hidden>{unread}</span>
              <span className="sr-only">{t("room.newChat", { count: unread })}</span>
            </Count>
          )}
        </button>
      ))}
    </nav>
  );
}
