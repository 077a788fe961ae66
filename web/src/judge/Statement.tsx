import { useSyncExternalStore } from "react";
import type { Problem } from "../api";
import { MessageText } from "../chat/MessageText";
import { useOpenRoom } from "../collab";
import { count, list, megabytes, seconds, useT } from "../i18n";
import { useDesk } from "../run/desk";
import { CHECKERS } from "./checkers";
import { groupsOf } from "./rows";
import { Part } from "./TestDetail";

/** What is asked, an example, and within which limits. */
export function Statement({ problem }: { problem: Problem }) {
  const t = useT();
  const { files } = useOpenRoom();
  const entries = useSyncExternalStore(files.changed.subscribe, () => files.entries);
  const paths = entries.map(({ path }) => path);
  const example = groupsOf(problem)
    .flatMap(({ tests }) => tests)
    .find((test) => !test.hidden);
  const paragraphs = (problem.statement ?? "").split(/\n{2,}/).filter((one) => one.trim());
  return (
    <div className="grid max-w-[72ch] gap-3">
      <h3 className="text-14 font-semibold">{problem.title || problem.id}</h3>
      {paragraphs.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: paragraphs have no other name
        <div key={index} className="text-14">
          <MessageText text={one} paths={paths} />
        </div>
      ))}
      {paragraphs.length === 0 && <p className="text-text-3">{t("judge.noStatement")}</p>}
      {example && (
        <div className="grid grid-cols-2 gap-3 @max-[560px]:grid-cols-1">
          <Part name={t("judge.exampleInput")}>{example.stdin}</Part>
          <Part name={t("judge.exampleOutput")}>{example.expected}</Part>
        </div>
      )}
      <Facts problem={problem} />
    </div>
  );
}

function Facts({ problem }: { problem: Problem }) {
  const t = useT();
  const { state } = useDesk();
  const { limits, checker, languages = [] } = problem;
  const named = languages.map(
    (id) => state.config?.languages.find((one) => one.id === id)?.name ?? id,
  );
  const hidden = groupsOf(problem).reduce(
    (sum, group) => sum + (group.hidden ?? group.tests.filter((test) => test.hidden).length),
    0,
  );
  const facts = [
    t("judge.limits", {
      time: seconds(limits.cpuSeconds, Number.isInteger(limits.cpuSeconds) ? 0 : 1),
      memory: megabytes(limits.memoryBytes),
    }),
    t(CHECKERS[checker.type]),
  ];
  if (problem.interactive || problem.interactor) facts[1] = t("judge.interactive");
  if (named.length > 0) facts.push(t("judge.languages", { languages: list(named) }));
  if (hidden > 0) facts.push(t("judge.hiddenCount", { count: hidden, shown: count(hidden) }));
  return (
    <ul className="list-disc pl-5 text-12 text-text-2">
      {facts.map((fact) => (
        <li key={fact}>{fact}</li>
      ))}
    </ul>
  );
}
