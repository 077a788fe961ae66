import { MessageSquare, PanelLeft, UserPlus } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useUnreadChat } from "../chat";
import { useRoom } from "../collab";
import { useT } from "../i18n";
import { Followers } from "../people/FollowBanner";
import { PeopleStack } from "../people/PeopleStack";
import { Brand, Button, Count, IconButton, ThemeSwitch, useMedia, usePhone } from "../ui";
import { useLayout } from "./layout";
import { RoomMenu } from "./RoomMenu";
import { SaveBadge } from "./SaveBadge";

const Invite = lazy(() => import("../start/Invite"));

/** Name, state, people, and the doors to everything else. */
export function TopBar() {
  const t = useT();
  const { room } = useRoom();
  const phone = usePhone();
  const [inviting, setInviting] = useState(false);
  return (
    <header className="flex h-(--h-bar) shrink-0 items-center gap-3 border-b border-line bg-surface-2 px-3 phone:gap-2 phone:pr-1">
      <a
        href="/"
        aria-label={t("room.sangamHome")}
        className="flex min-h-7 items-center text-text-1"
      >
        <Brand />
      </a>
      <h1 className="min-w-8 truncate text-13 font-semibold" title={room.name}>
        {room.name}
      </h1>
      <SaveBadge phone={phone} />
      <span className="min-w-0 flex-1" />
      {!phone && <Followers />}
      <PeopleStack max={phone ? 2 : 5} />
      {!phone && (
        <>
          <Button icon={UserPlus} onClick={() => setInviting(true)}>
            {t("room.invite")}
          </Button>
          <PanelToggles />
          <ThemeSwitch />
        </>
      )}
      <RoomMenu onInvite={() => setInviting(true)} />
      {inviting && (
        <Suspense>
          <Invite open onOpenChange={setInviting} />
        </Suspense>
      )}
    </header>
  );
}

function PanelToggles() {
  const t = useT();
  const [layout, setLayout] = useLayout();
  const narrow = useMedia("(max-width: 1180px)");
  const open = narrow ? layout.drawer : layout.chatOpen;
  const unread = useUnreadChat(open);
  return (
    <span className="flex gap-1">
      {!layout.filesOpen && (
        <IconButton
          icon={PanelLeft}
          label={t("room.showFiles")}
          onClick={() => setLayout({ filesOpen: true })}
        />
      )}
      <IconButton
        icon={MessageSquare}
        label={t("room.newChat", { count: unread })}
        pressed={open}
        badge={
          unread > 0 && (
            <Count ink className="absolute -top-1 -right-1">
              {unread}
            </Count>
          )
        }
        onClick={() => setLayout(narrow ? { drawer: !open } : { chatOpen: !open })}
      />
    </span>
  );
}
