import { useEffect, useSyncExternalStore } from "react";
import { type Person, useOpenRoom, usePeople } from "../collab";

/** Whom I follow, and how to begin and end. */
export function useFollow() {
  const { following } = useOpenRoom();
  const people = usePeople();
  const target = useSyncExternalStore(following.changed.subscribe, () => following.target);
  const person = people.find((one) => one.member.id === target) ?? null;
  const toggle = ({ isMe, member }: Person) => {
    if (isMe) return;
    if (target === member.id) following.stop();
    else following.start(member.id);
  };
  return { target, person, toggle, stop: () => following.stop() };
}

/** Opens the file that the followed person opens; ends when they have left. */
export function useFollowedFile(): void {
  const { following, tabs } = useOpenRoom();
  const { target, person } = useFollow();
  const fileId = person?.path == null ? null : person.fileId;
  const gone = target !== null && person === null;
  useEffect(() => {
    if (fileId !== null && target !== null && tabs.active !== fileId) tabs.open(fileId);
  }, [fileId, target, tabs]);
  useEffect(() => {
    if (!gone) return;
    // A short break in their connection is no reason to lose them.
    const timer = setTimeout(() => following.stop(), 10_000);
    return () => clearTimeout(timer);
  }, [gone, following]);
}

/** The others who follow me. */
export function useFollowers(): readonly Person[] {
  const people = usePeople();
  const me = useOpenRoom().me.id;
  return people.filter((person) => person.following === me && !person.isMe);
}
