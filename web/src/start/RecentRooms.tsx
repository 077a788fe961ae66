import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { getLink, type LinkInfo } from "../api";
import {
  forgetRoom,
  type RecentRoom,
  readSession,
  recentRooms,
  rememberRoom,
  writeSession,
} from "../collab/session";
import { relative, useT } from "../i18n";
import { AvatarStack, cx, IconButton, toast } from "../ui";
import { roomPath } from "./codes";

const FIRST = 6;

/** What this browser visited, and who is there now. */
export function RecentRooms() {
  const t = useT();
  const [rooms, setRooms] = useState(recentRooms);
  const [all, setAll] = useState(false);
  const forget = (room: RecentRoom) => {
    const session = readSession(room.code);
    forgetRoom(room.code);
    setRooms(recentRooms());
    const undo = () => {
      rememberRoom(room);
      if (session) writeSession(room.code, session);
      setRooms(recentRooms());
    };
    toast({
      text: t("start.forgotten", { name: room.name }),
      action: { label: t("start.undo"), run: undo },
    });
  };
  const shown = all ? rooms : rooms.slice(0, FIRST);
  return (
    <section aria-labelledby="recent-rooms">
      <h2 id="recent-rooms" className="mb-1 text-14 leading-7 font-semibold">
        {t("start.recent")}
      </h2>
      {rooms.length === 0 && <p className="text-text-2">{t("start.noRecent")}</p>}
      <ul>
        {shown.map((room) => (
          <RecentRow key={room.code} room={room} onForget={() => forget(room)} />
        ))}
      </ul>
      {rooms.length > shown.length && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="mt-1 min-h-7 rounded-2 font-medium text-text-2 hover:text-text-1 touch:min-h-11"
        >
          {t("start.allRecent", { count: rooms.length })}
        </button>
      )}
    </section>
  );
}

/** Who is in a room now; null while unknown. */
function useHere(code: string): LinkInfo["here"] | null {
  const [here, setHere] = useState<LinkInfo["here"] | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    getLink(code, abort.signal).then(
      (link) => setHere(link.here),
      () => undefined,
    );
    return () => abort.abort();
  }, [code]);
  return here;
}

function RecentRow({ room, onForget }: { room: RecentRoom; onForget: () => void }) {
  const t = useT();
  const here = useHere(room.code);
  const live = here !== null && here.length > 0;
  const people = (here ?? []).map((person) => ({
    ...person,
    id: `${person.number} ${person.name}`,
  }));
  return (
    <li className="group relative -mx-2 flex items-center rounded-2 hover:bg-surface-3">
      <a
        href={roomPath(room.code)}
        className="flex min-h-11 min-w-0 flex-1 items-center gap-3 rounded-2 p-2 text-text-1 no-underline"
      >
        <span className="min-w-0 flex-1">
          <span dir="auto" className="block truncate font-medium">
            {room.name}
          </span>
          <span className="block truncate text-12 text-text-3">{t("start.kindPair")}</span>
        </span>
        {live && <AvatarStack people={people} size="sm" max={3} className="max-[1100px]:hidden" />}
        <span
          className={cx(
            "min-w-19 text-right text-12 whitespace-nowrap",
            live ? "text-positive" : "text-text-3",
          )}
        >
          {live && (
            <span
              aria-hidden
              className="mr-1.5 inline-block size-1.5 rounded-full bg-current align-[1px]"
            />
          )}
          {live ? t("start.liveNow") : relative(room.at, Date.now())}
        </span>
      </a>
      <IconButton
        label={t("start.forget", { name: room.name })}
        icon={X}
        onClick={onForget}
        className="absolute right-2 bg-surface-3 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 touch:static touch:-mr-1 touch:bg-transparent touch:opacity-100"
      />
    </li>
  );
}
