import { BookOpen, Lock, Terminal } from "lucide-react";
import type { ReactNode } from "react";
import type { Verdict } from "../api";
import { milliseconds, seconds, useT } from "../i18n";
import { cx, Icon, Spinner } from "../ui";
import type { Row, RowGroup } from "./rows";
import { lookOf, points } from "./verdicts";

/** What the panel shows beside the list: a test by its number, or one of the others. */
export type Choice = number | "statement" | "compiler";

export interface TestListProps {
  groups: readonly RowGroup[];
  /** The verdict when the compiler said something, else null. */
  compiled: Verdict | null;
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

export function TestList({ groups, compiled, choice, onChoose }: TestListProps) {
  const t = useT();
  const several = groups.length > 1;
  return (
    <nav
      aria-label={t("judge.list")}
      className="min-h-0 w-64 shrink-0 overflow-y-auto border-r border-line py-1 @max-[560px]:max-h-[45%] @max-[560px]:w-auto @max-[560px]:border-r-0 @max-[560px]:border-b"
    >
      <ul className="px-1">
        <ListRow chosen={choice === "statement"} onChoose={() => onChoose("statement")}>
          <Icon of={BookOpen} size={14} className="text-text-2" />
          <span className="min-w-0 flex-1 truncate">{t("judge.statement")}</span>
        </ListRow>
        {compiled && (
          <ListRow chosen={choice === "compiler"} onChoose={() => onChoose("compiler")}>
            <Icon of={Terminal} size={14} className="text-text-2" />
            <span className="min-w-0 flex-1 truncate">{t("judge.compiler")}</span>
          </ListRow>
        )}
      </ul>
      {groups.map((group) => (
        <div key={group.id}>
          {several && <GroupHead group={group} />}
          <ul className="px-1" aria-label={several ? group.id : t("judge.tests")}>
            {group.rows.map((row) => (
              <ListRow
                key={row.number}
                chosen={choice === row.number}
                onChoose={() => onChoose(row.number)}
              >
                <RowFace row={row} />
              </ListRow>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function GroupHead({ group: { id, points: got, most } }: { group: RowGroup }) {
  const t = useT();
  const worth =
    got === null
      ? t("judge.worth", { most: points(most), count: most })
      : t("judge.points", { points: points(got), most: points(most) });
  return (
    <h3 className="flex items-baseline gap-2 px-3 pt-2 pb-0.5 text-12 text-text-3">
      <span className="min-w-0 flex-1 truncate font-medium">{id}</span>
      <span className="tabular-nums">{worth}</span>
    </h3>
  );
}

interface ListRowProps {
  chosen: boolean;
  onChoose: () => void;
  children: ReactNode;
}

function ListRow({ chosen, onChoose, children }: ListRowProps) {
  return (
    <li>
      <button
        type="button"
        aria-current={chosen ? "true" : undefined}
        onClick={onChoose}
        className={cx(
          "flex h-(--h-row) w-full items-center gap-2 rounded-1 px-2 text-left hover:bg-surface-3",
          chosen && "bg-surface-3",
        )}
      >
        {children}
      </button>
    </li>
  );
}

const TINT = { ok: "text-positive", bad: "text-danger", warn: "text-caution" } as const;

function RowFace({ row }: { row: Row }) {
  const t = useT();
  const { icon, tone, spin, words } = lookOf(row.mark);
  const tint = tone in TINT ? TINT[tone as keyof typeof TINT] : "text-text-3";
  const name = row.hidden
    ? t("judge.hiddenTest", { number: row.number })
    : t("judge.test", { number: row.number });
  const time = row.report?.cpuSeconds;
  return (
    <>
      {spin ? <Spinner size={14} /> : <Icon of={icon} size={14} className={tint} />}
      <span className="min-w-0 flex-1 truncate">
        <span aria-hidden>{name}</span>
        <span className="sr-only">{`${name}, ${words}`}</span>
      </span>
      {row.mark === "SK" && (
        <span aria-hidden className="text-12 text-text-3">
          {words}
        </span>
      )}
      {row.hidden && <Icon of={Lock} size={14} className="text-text-2" />}
      {time !== undefined && (
        <span className="text-12 text-text-2 tabular-nums">
          {time < 1 ? milliseconds(time * 1000) : seconds(time)}
        </span>
      )}
    </>
  );
}
