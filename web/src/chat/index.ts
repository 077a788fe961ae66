export { ChatPanel } from "./ChatPanel";
export { useUnreadChat } from "./unread";
