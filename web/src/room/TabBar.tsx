import { X } from "lucide-react";
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import { type Person, useOpenFile, useOpenRoom, usePeople } from "../collab";
import { nameOf } from "../files/paths";
import { useT } from "../i18n";
import { byFile, PeopleDots } from "../people/PeopleDots";
import { cx, Icon, tabClass } from "../ui";

const NOBODY: readonly Person[] = [];

/** The open files, and at the end what the room is for. */
export function TabBar({ end }: { end: ReactNode }) {
  const t = useT();
  const { files, following } = useOpenRoom();
  const { fileId, tabs, open } = useOpenFile();
  const people = byFile(usePeople());
  const list = useRef<HTMLDivElement>(null);
  useSyncExternalStore(files.changed.subscribe, () => files.entries);
  const shown = tabs.filter((id) => files.get(id) !== null);

  useEffect(() => {
    if (fileId === null) return;
    list.current
      ?.querySelector("[aria-selected=true]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [fileId]);

  const choose = (id: string) => {
    following.stop();
    open(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || fileId === null) return;
    const next = shown[(shown.indexOf(fileId) + by + shown.length) % shown.length];
    if (!next) return;
    event.preventDefault();
    choose(next);
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus(),
    );
  };

  return (
    <div className="flex h-(--h-tabs) shrink-0 items-stretch border-b border-line bg-surface-2">
      <div
        ref={list}
        role="tablist"
        aria-label={t("editor.openFiles")}
        className="flex min-w-0 flex-1 [scrollbar-width:none] items-stretch overflow-x-auto"
        onKeyDown={onKeyDown}
      >
        {shown.map((id) => (
          <FileTab
            key={id}
            id={id}
            selected={id === fileId}
            people={people.get(id) ?? NOBODY}
            onChoose={() => choose(id)}
          />
        ))}
      </div>
      <div className="flex shrink-0 items-center gap-1.5 px-2">{end}</div>
    </div>
  );
}

interface FileTabProps {
  id: string;
  selected: boolean;
  people: readonly Person[];
  onChoose: () => void;
}

function FileTab({ id, selected, people, onChoose }: FileTabProps) {
  const t = useT();
  const { files, tabs } = useOpenRoom();
  const path = files.get(id)?.path ?? "";
  const name = nameOf(path);
  const close = (event: MouseEvent) => {
    event.stopPropagation();
    tabs.close(id);
  };
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${id}`}
      aria-selected={selected}
      aria-controls={selected ? "editor" : undefined}
      aria-keyshortcuts="Delete"
      tabIndex={selected ? 0 : -1}
      title={path}
      onClick={onChoose}
      onAuxClick={(event) => event.button === 1 && close(event)}
      onKeyDown={(event) => event.key === "Delete" && tabs.close(id)}
      className={cx(
        tabClass,
        "group relative h-full pr-1.5 focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]!",
      )}
    >
      {name}
      <PeopleDots people={people} />
      {/* The Delete key does the same; a button may not stand inside a tab. */}
      <span
        aria-hidden
        title={t("editor.closeTab", { name })}
        onClick={close}
        className="grid size-5 place-items-center rounded-1 text-text-3 opacity-0 group-hover:opacity-100 group-aria-selected:opacity-100 hover:bg-surface-3 hover:text-text-1 touch:h-full touch:w-9"
      >
        <Icon of={X} size={14} />
      </span>
    </button>
  );
}
