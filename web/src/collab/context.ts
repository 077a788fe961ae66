import { createContext, useContext, useMemo, useSyncExternalStore } from "react";
import type { Channel, Entry } from "../api";
import { languageOf } from "../editor/languages";
import type { OpenRoom } from "./room";
import type { Judged, OpenFile, Person, RoomState, Usage, Waiting } from "./types";

const RoomContext = createContext<OpenRoom | null>(null);

export const RoomProvider = RoomContext.Provider;

/** The open room itself; it never changes while the page shows the room. */
export function useOpenRoom(): OpenRoom {
  const room = useContext(RoomContext);
  if (!room) throw new Error("useOpenRoom needs a RoomProvider");
  return room;
}

export function useRoom(): RoomState {
  const open = useOpenRoom();
  const { connection } = open;
  const save = useSyncExternalStore(connection.changed.subscribe, () => connection.save);
  const latencyMs = useSyncExternalStore(connection.changed.subscribe, () => connection.latencyMs);
  const mayWrite = useSyncExternalStore(connection.changed.subscribe, () => connection.mayWrite);
  const members = useSyncExternalStore(open.changed.subscribe, () => open.members);
  const me = useSyncExternalStore(open.changed.subscribe, () => open.me);
  const rights = useSyncExternalStore(open.changed.subscribe, () => open.rights);
  const links = useSyncExternalStore(open.changed.subscribe, () => open.links);
  return useMemo(
    () => ({
      code: open.code,
      room: open.room,
      doc: connection.doc,
      awareness: connection.awareness,
      api: open.api,
      tryNow: connection.tryNow,
      me,
      members,
      links,
      save,
      mayWrite,
      rights,
      latencyMs,
    }),
    [open, connection, me, members, links, save, mayWrite, rights, latencyMs],
  );
}

type EntryOf<C extends Channel> = Extract<Entry, { channel: C }>;

/** Entries of one channel in order, each once; grows as the room goes on. */
export function useEntries<C extends Channel>(channel: C): readonly EntryOf<C>[] {
  const { feed } = useOpenRoom();
  const list = useSyncExternalStore(feed.changed.subscribe, () => feed.list(channel));
  return list as readonly EntryOf<C>[];
}

/** What a run uses at this moment, or null. */
export function useUsage(runId: string): Usage | null {
  const { live } = useOpenRoom();
  return useSyncExternalStore(live.changed.subscribe, () => live.usage(runId));
}

/** The place in the line of a run or submission, or null. */
export function useWaiting(id: string): Waiting | null {
  const { live } = useOpenRoom();
  return useSyncExternalStore(live.changed.subscribe, () => live.waiting(id));
}

/** How far a judging is told, or null. */
export function useProgress(submission: string): Judged | null {
  const { live } = useOpenRoom();
  return useSyncExternalStore(live.changed.subscribe, () => live.progress(submission));
}

export function usePeople(): readonly Person[] {
  const { people } = useOpenRoom();
  return useSyncExternalStore(people.changed.subscribe, () => people.list);
}

export function useOpenFile(): OpenFile {
  const { tabs, files } = useOpenRoom();
  const fileId = useSyncExternalStore(tabs.changed.subscribe, () => tabs.active);
  const ids = useSyncExternalStore(tabs.changed.subscribe, () => tabs.tabs);
  const path = useSyncExternalStore(files.changed.subscribe, () =>
    fileId === null ? null : (files.get(fileId)?.path ?? null),
  );
  return useMemo(
    () => ({
      fileId: path === null ? null : fileId,
      path,
      language: path === null ? null : (languageOf(path)?.id ?? null),
      tabs: ids,
      open: (id, position) => tabs.open(id, position),
      openPath: (wanted, position) => {
        const entry = files.byPath(wanted) ?? files.entries.find((one) => endsIn(one.path, wanted));
        if (!entry || entry.folder) return false;
        tabs.open(entry.id, position);
        return true;
      },
      close: (id) => tabs.close(id),
    }),
    [tabs, files, fileId, ids, path],
  );
}

function endsIn(path: string, name: string): boolean {
  return path.endsWith(`/${name}`);
}
