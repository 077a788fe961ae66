import type { Person } from "../collab";
import { nameOf } from "../files/paths";
import { t } from "../i18n";

function whereWords({ path, line, activity, isMe }: Person): string {
  if (path === null) return t("people.noFile");
  const file = nameOf(path);
  if (line === null) return file;
  return t(activity === "typing" && !isMe ? "people.typingIn" : "people.inFile", { file, line });
}

/** What somebody is doing, in words: "Typing · graph.py, line 20". */
export function presenceWords(person: Person): string {
  if (person.activity === "away" && !person.isMe) {
    return t("people.away", { minutes: Math.max(1, person.awayMinutes) });
  }
  const where = whereWords(person);
  if (person.isMe) return t("people.youIn", { where });
  if (person.member.role === "host") return t("people.withRole", { role: t("people.host"), where });
  if (person.member.role === "observer") {
    return t("people.withRole", { role: t("people.observer"), where });
  }
  return where;
}
