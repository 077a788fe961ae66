import { Eye } from "lucide-react";
import { useT } from "../i18n";
import { cx, givenName, Icon, State, TextButton } from "../ui";
import { useFollow, useFollowers } from "./useFollow";

/** Says over the editor whose view this is. */
export function FollowBanner() {
  const t = useT();
  const { person, stop } = useFollow();
  return (
    <div role="status" className="contents">
      {person && (
        <div
          className={cx(
            "flex h-7 shrink-0 items-center justify-center gap-2 border-b-2 border-person bg-surface-2 text-12 touch:h-11",
            `p${person.color}`,
          )}
        >
          <Icon of={Eye} size={14} />
          <span>{t("people.following", { name: person.member.name })}</span>
          <span aria-hidden>·</span>
          <TextButton onClick={stop}>{t("people.stop")}</TextButton>
        </div>
      )}
    </div>
  );
}

/** Says in the bar that somebody sees what I see. */
export function Followers() {
  const t = useT();
  const followers = useFollowers();
  const [first] = followers;
  return (
    <span role="status" className="contents">
      {first && (
        <>
          <State icon={Eye}>
            {followers.length === 1
              ? t("people.followsYou", { name: givenName(first.member.name) })
              : t("people.followYouMany", { count: followers.length })}
          </State>
          <span aria-hidden className="h-4 w-px shrink-0 bg-line" />
        </>
      )}
    </span>
  );
}
