export {
  RoomProvider,
  useEntries,
  useOpenFile,
  useOpenRoom,
  usePeople,
  useRoom,
  useUsage,
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
  OpenFile,
  Person,
  Position,
  ReadOnlyReason,
  RoomState,
  SaveState,
  Usage,
} from "./types";
