import { Fragment, useSyncExternalStore } from "react";
import { useOpenFile, useOpenRoom } from "../collab";
import { useT } from "../i18n";
import { type Place, placesIn } from "./places";

const NO_DIGIT = /^\D*$/;
const pathsOf = new WeakMap<object, ReadonlySet<string>>();

/** Output in which the places of the room's files can be opened. */
export function LinkedText({ text }: { text: string }) {
  return NO_DIGIT.test(text) ? text : <Linked text={text} />;
}

function Linked({ text }: { text: string }) {
  const places = placesIn(text, usePaths());
  if (places.length === 0) return text;
  const pieces = places.map((place, index) => (
    <Fragment key={place.from}>
      {text.slice(places[index - 1]?.to ?? 0, place.from)}
      <PlaceLink place={place}>{text.slice(place.from, place.to)}</PlaceLink>
    </Fragment>
  ));
  return (
    <>
      {pieces}
      {text.slice(places.at(-1)?.to)}
    </>
  );
}

function PlaceLink({ place, children }: { place: Place; children: string }) {
  const t = useT();
  const { openPath } = useOpenFile();
  const { path, line, column } = place;
  return (
    <button
      type="button"
      title={t("run.openPlace", { path, line })}
      onClick={() => openPath(path, { line, column: column || 1 })}
      className="rounded-1 text-left underline decoration-dotted underline-offset-3 select-text hover:decoration-solid"
    >
      {children}
    </button>
  );
}

/** Paths of the room's files; the same set until they change. */
function usePaths(): ReadonlySet<string> {
  const { files } = useOpenRoom();
  const entries = useSyncExternalStore(files.changed.subscribe, () => files.entries);
  const known = pathsOf.get(entries) ?? new Set(entries.map(({ path }) => path));
  pathsOf.set(entries, known);
  return known;
}
