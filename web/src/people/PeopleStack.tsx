import { type Person, usePeople } from "../collab";
import { useT } from "../i18n";
import { Avatar, cx, Menu, MenuCheck, Tooltip } from "../ui";
import { useFollow } from "./useFollow";

/** Who is here, in the bar; a press on a face follows that person. */
export function PeopleStack({ max }: { max: number }) {
  const t = useT();
  const people = usePeople();
  const shown = people.length > max + 1 ? people.slice(0, max) : people;
  const rest = people.slice(shown.length);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls
    <div
      role="group"
      aria-label={t("ui.peopleHere", { count: people.length })}
      className="flex shrink-0 items-center gap-[3px]"
    >
      {shown.map((person) => (
        <Face key={person.clientId} person={person} />
      ))}
      {rest.length > 0 && <Rest people={rest} />}
    </div>
  );
}

function Face({ person }: { person: Person }) {
  const t = useT();
  const { target, toggle } = useFollow();
  const { name, number } = person.member;
  const away = person.activity === "away" && !person.isMe;
  if (person.isMe) {
    return (
      <Tooltip label={`${name} (${t("people.you")})`}>
        <span className="flex">
          <Avatar name={name} number={number} labelled />
        </span>
      </Tooltip>
    );
  }
  const followed = target === person.member.id;
  const label = t(followed ? "people.stopFollowing" : "people.follow", { name });
  return (
    <Tooltip label={label}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={followed}
        onClick={() => toggle(person)}
        className={cx(
          "relative flex rounded-full touch:after:absolute touch:after:-inset-x-px touch:after:-inset-y-2.5",
          followed && "outline-2 outline-offset-2 outline-text-1",
        )}
      >
        <Avatar name={name} number={number} away={away} />
      </button>
    </Tooltip>
  );
}

function Rest({ people }: { people: readonly Person[] }) {
  const t = useT();
  const { target, toggle } = useFollow();
  const label = t("people.more", { count: people.length });
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={label}
          className="relative size-6 rounded-full bg-surface-3 text-[10px] leading-6 font-semibold text-text-2 tabular-nums touch:after:absolute touch:after:-inset-2.5"
        >
          {`+${people.length}`}
        </button>
      }
    >
      {people.map((person) => (
        <MenuCheck
          key={person.clientId}
          checked={target === person.member.id}
          onCheckedChange={() => toggle(person)}
        >
          {person.isMe
            ? `${person.member.name} (${t("people.you")})`
            : t("people.follow", { name: person.member.name })}
        </MenuCheck>
      ))}
    </Menu>
  );
}
