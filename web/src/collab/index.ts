export {
  RoomProvider,
  useEntries,
  useOpenFile,
  useOpenRoom,
  usePeople,
  useProgress,
  useRoom,
  useUsage,
  useWaiting,
} from "./context";
export {
  forgetRoom,
  forgetSession,
  type RecentRoom,
  readSession,
  recentRooms,
  rememberRoom,
  type Session,
  writeSession,
} from "./session";
export type {
  Activity,
  ClosedReason,
  Judged,
  OpenFile,
  Person,
  Position,
  ReadOnlyReason,
  RoomState,
  SaveState,
  Usage,
  Waiting,
} from "./types";
