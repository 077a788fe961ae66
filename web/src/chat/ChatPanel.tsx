import { ArrowDown, MessageSquare, X } from "lucide-react";
import { useLayoutEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ChatEntry, RunEntry } from "../api";
import { useEntries, useOpenRoom, useRoom } from "../collab";
import { useT } from "../i18n";
import { Avatar, Button, Empty, IconButton, TextButton, useStickToEnd } from "../ui";
import { ChatLineView, MessageHead } from "./ChatLines";
import { Composer } from "./Composer";
import { chatLines } from "./lines";
import { MessageText } from "./MessageText";
import { type Outgoing, useOutbox } from "./outbox";

/** Paths of the room's files; a new array when one changes. */
function usePaths(): readonly string[] {
  const { files } = useOpenRoom();
  const entries = useSyncExternalStore(files.changed.subscribe, () => files.entries);
  return useMemo(
    () => entries.filter((entry) => !entry.folder).map((entry) => entry.path),
    [entries],
  );
}

/** Before painting, so that a message is never seen twice. */
function useWaiting(chat: readonly ChatEntry[]): readonly Outgoing[] {
  const { me } = useRoom();
  const { outbox, state } = useOutbox();
  useLayoutEffect(() => {
    outbox.arrived(chat.filter((entry) => entry.author === me.id));
  }, [outbox, chat, me.id]);
  return state.waiting;
}

/** Starts and ends of runs; the same array while programs only print. */
function useRunEnds(): readonly RunEntry[] {
  const entries = useEntries("run");
  const last = useRef<readonly RunEntry[]>([]);
  const ends = entries.filter((entry) => entry.kind !== "output");
  const same =
    ends.length === last.current.length && ends.every((one, at) => one === last.current[at]);
  if (!same) last.current = ends;
  return last.current;
}

/** The whole panel, with its head. */
export function ChatPanel({ onClose }: { onClose?: () => void }) {
  const t = useT();
  const chat = useEntries("chat");
  const presence = useEntries("room");
  const runs = useRunEnds();
  const waiting = useWaiting(chat);
  const paths = usePaths();
  const lines = useMemo(() => chatLines(chat, presence, runs), [chat, presence, runs]);
  const { box, atEnd, toEnd, onScroll } = useStickToEnd<HTMLDivElement>(
    `${lines.length} ${waiting.length}`,
  );
  const silent = chat.length === 0 && waiting.length === 0;
  return (
    <div className="flex h-full min-h-0 flex-1 flex-col bg-surface-2">
      <header className="flex h-(--h-tabs) shrink-0 items-center gap-1 pr-2 pl-3">
        <h2 className="flex-1 text-12 font-semibold text-text-2">{t("chat.title")}</h2>
        {onClose && <IconButton label={t("chat.close")} icon={X} onClick={onClose} />}
      </header>
      <div className="relative flex min-h-0 flex-1 flex-col">
        <div
          ref={box}
          onScroll={onScroll}
          role="log"
          aria-label={t("chat.messages")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable
          tabIndex={0}
          className="min-h-0 flex-1 overflow-y-auto overscroll-contain pb-1.5"
        >
          <div>
            {silent && (
              <Empty icon={MessageSquare} title={t("chat.emptyTitle")}>
                {t("chat.emptyText")}
              </Empty>
            )}
            {lines.map((line) => (
              <ChatLineView key={line.key} line={line} paths={paths} />
            ))}
            {waiting.map((message) => (
              <OutgoingView key={message.id} message={message} paths={paths} />
            ))}
          </div>
        </div>
        {!atEnd && (
          <Button
            icon={ArrowDown}
            onClick={toEnd}
            className="absolute! bottom-2 left-1/2 -translate-x-1/2 shadow-2!"
          >
            {t("chat.newest")}
          </Button>
        )}
      </div>
      <Composer />
    </div>
  );
}

function OutgoingView({ message, paths }: { message: Outgoing; paths: readonly string[] }) {
  const t = useT();
  const { me } = useRoom();
  const { outbox } = useOutbox();
  return (
    <div className="grid grid-cols-[24px_minmax(0,1fr)] gap-x-2 px-3 py-1.5">
      <Avatar name={me.name} number={me.number} />
      <div>
        <MessageHead name={me.name} time={message.time} />
        <MessageText text={message.text} paths={paths} />
        {message.problem === null ? (
          message.seq === null && <p className="text-12 text-text-3">{t("chat.sending")}</p>
        ) : (
          <div role="alert" className="text-12">
            <p className="text-danger">{t("chat.notSent", { reason: message.problem })}</p>
            <span className="flex gap-3">
              <TextButton onClick={() => void outbox.retry(message)}>{t("chat.retry")}</TextButton>
              <TextButton onClick={() => outbox.discard(message.id)}>
                {t("chat.discard")}
              </TextButton>
            </span>
          </div>
        )}
      </div>
    </div>
  );
}
