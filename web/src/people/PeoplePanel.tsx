import { type Person, usePeople } from "../collab";
import { useT } from "../i18n";
import { Avatar, Count, cx } from "../ui";
import { useFollow } from "./useFollow";
import { presenceWords } from "./words";

/** Everybody here, with what they do; a press follows. */
export function PeoplePanel({ onFollow }: { onFollow?: () => void }) {
  const t = useT();
  const people = usePeople();
  return (
    <section
      aria-label={t("people.people")}
      className="flex max-h-[45%] min-h-0 shrink-0 flex-col border-t border-line"
    >
      <div className="flex h-(--h-tabs) shrink-0 items-center gap-1 pr-3 pl-3">
        <h2 className="flex-1 text-12 font-semibold text-text-2">{t("people.people")}</h2>
        <Count>{people.length}</Count>
      </div>
      <ul className="min-h-0 overflow-auto pb-2">
        {people.map((person) => (
          <li key={person.clientId}>
            <PersonRow person={person} {...(onFollow && { onFollow })} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function PersonRow({ person, onFollow }: { person: Person; onFollow?: () => void }) {
  const t = useT();
  const { target, toggle } = useFollow();
  const { member, isMe, activity } = person;
  const followed = target === member.id;
  const face = (
    <>
      <Avatar name={member.name} number={member.number} away={activity === "away" && !isMe} />
      <span className="min-w-0 flex-1 text-left">
        <span className={cx("block truncate", member.role === "host" && "font-medium")}>
          {member.name}
        </span>
        <span className="block truncate text-12 text-text-3">{presenceWords(person)}</span>
      </span>
    </>
  );
  const row = "flex min-h-9 w-full items-center gap-2 px-3 py-[3px] touch:min-h-11";
  if (isMe) return <div className={row}>{face}</div>;
  return (
    <button
      type="button"
      aria-pressed={followed}
      title={t(followed ? "people.stopFollowing" : "people.follow", { name: member.name })}
      className={cx(
        row,
        "hover:bg-surface-3 aria-pressed:bg-surface-3 focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]!",
      )}
      onClick={() => {
        toggle(person);
        if (!followed) onFollow?.();
      }}
    >
      {face}
    </button>
  );
}
