import { clearDocument, IndexeddbPersistence } from "y-indexeddb";
import type * as Y from "yjs";

const KNOWN = "sangam.stores";
const LONGEST_WAIT_MS = 1_500;

function known(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(KNOWN) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

function note(roomId: string, name: string): void {
  const stores = known();
  const old = stores[roomId];
  if (old === name) return;
  if (old) void clearDocument(old);
  try {
    localStorage.setItem(KNOWN, JSON.stringify({ ...stores, [roomId]: name }));
  } catch {
    return;
  }
}

/** The edits of one document, kept in this browser. */
export interface LocalStore {
  /** Settles when what was kept is in the document, or after a while without an answer. */
  ready: Promise<void>;
  /** Whether every edit made so far came onto the disk of this browser. */
  flushed(): Promise<boolean>;
  close(): void;
  /** Closes and removes what was kept. */
  discard(): Promise<void>;
}

const NOWHERE: LocalStore = {
  ready: Promise.resolve(),
  flushed: () => Promise.resolve(false),
  close: () => undefined,
  discard: () => Promise.resolve(),
};

/** Transactions of one store run in order, so an empty one ends after those before it. */
function lastWrite(db: IDBDatabase): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const transaction = db.transaction("updates", "readwrite");
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false);
      transaction.objectStore("updates").count();
    } catch {
      resolve(false);
    }
  });
}

/**
 * Keeps `doc` in IndexedDB. The name holds the room's birth, because a deleted room's id may come
 * back (open rooms) and old edits must not flow into the new room.
 */
export function openStore(roomId: string, createdAt: number, doc: Y.Doc): LocalStore {
  const name = `sangam/${roomId}/${createdAt}`;
  if (typeof indexedDB === "undefined") return NOWHERE;
  note(roomId, name);
  const persistence = new IndexeddbPersistence(name, doc);
  const failed = persistence._db.then(
    () => new Promise<void>(() => undefined),
    () => undefined,
  );
  const timeout = new Promise<void>((resolve) => setTimeout(resolve, LONGEST_WAIT_MS));
  const synced = persistence.whenSynced.then(() => undefined);
  return {
    ready: Promise.race([synced, failed, timeout]),
    flushed: () => persistence._db.then(lastWrite, () => false),
    close: () => void persistence.destroy().catch(() => undefined),
    discard: async () => {
      await persistence.destroy();
      await clearDocument(name);
    },
  };
}
