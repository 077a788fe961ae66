import type { Person } from "../collab";
import { list, useT } from "../i18n";
import { cx } from "../ui";

const MOST = 5;

/** Who is in a file: one dot for each, with their names said. */
export function PeopleDots({ people }: { people: readonly Person[] }) {
  const t = useT();
  if (people.length === 0) return null;
  const names = list(people.map((person) => person.member.name));
  return (
    <span
      role="img"
      aria-label={t("files.whoIsHere", { names })}
      title={names}
      className="inline-flex shrink-0 gap-[3px]"
    >
      {people.slice(0, MOST).map((person) => (
        <i
          key={person.clientId}
          className={cx("size-1.5 rounded-full bg-person", `p${person.color}`)}
        />
      ))}
    </span>
  );
}

/** The people in each file, me left out. */
export function byFile(people: readonly Person[]): ReadonlyMap<string, readonly Person[]> {
  const files = new Map<string, Person[]>();
  for (const person of people) {
    if (person.fileId === null || person.isMe) continue;
    const there = files.get(person.fileId);
    if (there) there.push(person);
    else files.set(person.fileId, [person]);
  }
  return files;
}
