/** What this browser remembers about the rooms it joined, by link code. */
export interface Session {
  roomId: string;
  /** Null in open rooms, where a connection without a token is a guest. */
  token: string | null;
  memberId: string;
}

export interface RecentRoom {
  code: string;
  name: string;
  kind: string;
  /** Unix milliseconds of the last visit. */
  at: number;
}

const SESSION = "sangam.session.";
const RECENT = "sangam.recent";
const RECENT_KEPT = 12;

function read<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** A full or forbidden storage is no reason to fail: the person joins again next time. */
function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}

export function readSession(code: string): Session | null {
  return read<Session>(SESSION + code);
}

export function writeSession(code: string, session: Session): void {
  write(SESSION + code, session);
}

export function forgetSession(code: string): void {
  localStorage.removeItem(SESSION + code);
}

/** Newest first. */
export function recentRooms(): RecentRoom[] {
  return read<RecentRoom[]>(RECENT) ?? [];
}

export function rememberRoom(room: RecentRoom): void {
  const others = recentRooms().filter((one) => one.code !== room.code);
  write(RECENT, [room, ...others].slice(0, RECENT_KEPT));
}

export function forgetRoom(code: string): void {
  forgetSession(code);
  write(
    RECENT,
    recentRooms().filter((one) => one.code !== code),
  );
}
