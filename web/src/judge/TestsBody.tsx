import { FlaskConical, Plus } from "lucide-react";
import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { useProgress, useRoom } from "../collab";
import { useT } from "../i18n";
import { Button, Empty, ErrorState, Skeleton } from "../ui";
import { type AtHand, useAtHand, useTests } from "./desk";
import { type Row, rowGroups } from "./rows";
import { Statement } from "./Statement";
import { CompilerDetail, TestDetail } from "./TestDetail";
import { type Choice, TestList } from "./TestList";

const ProblemForm = lazy(() => import("./form/ProblemForm"));

/** The problem at hand: its statement and tests, and what came of the shown submission. */
export default function TestsBody() {
  const { state, desk } = useTests();
  const t = useT();
  const at = useAtHand();
  if (state.failed) {
    return (
      <Centre>
        <ErrorState
          title={t("judge.notLoaded")}
          actions={<Button onClick={() => void desk.refresh()}>{t("run.tryAgain")}</Button>}
        >
          {state.failed}
        </ErrorState>
      </Centre>
    );
  }
  if (state.titles === null || (at.id !== null && !at.problem)) {
    return (
      <div className="min-h-0 flex-1 bg-surface-1">
        <Skeleton label={t("judge.loading")} rows={[40, 30, 35]} rowHeight={26} className="p-3" />
      </div>
    );
  }
  return at.id === null ? <NoProblem /> : <Tests at={at} />;
}

function NoProblem() {
  const t = useT();
  const { rights } = useRoom();
  const [open, setOpen] = useState(false);
  const host = rights.has("manage");
  return (
    <Centre>
      <Empty
        icon={FlaskConical}
        title={t("judge.emptyTitle")}
        actions={
          host && (
            <Button icon={Plus} onClick={() => setOpen(true)}>
              {t("judge.newProblem")}
            </Button>
          )
        }
      >
        {host ? t("judge.emptyText") : t("judge.emptyTextOthers")}
      </Empty>
      {open && (
        <Suspense>
          <ProblemForm problem={null} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </Centre>
  );
}

/** Chosen by hand, for as long as the same submission is shown. */
interface Chosen {
  of: string | null;
  what: Choice;
}

/** After a failure what failed is in view, else the statement. */
function firstChoice({ report }: AtHand): Choice {
  if (!report) return "statement";
  if (report.verdict === "CE") return "compiler";
  return report.firstFailed || "statement";
}

function Tests({ at }: { at: AtHand }) {
  const { shown, report, problem } = at;
  const progress = useProgress(shown?.id ?? "");
  const going = shown !== null && shown.end === null;
  const groups = useMemo(
    () => rowGroups(problem, report, progress, going),
    [problem, report, progress, going],
  );
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const key = shown ? `${shown.id} ${shown.end !== null}` : null;
  const choice = chosen && chosen.of === key ? chosen.what : firstChoice(at);
  const rows = groups.flatMap((group) => group.rows);
  return (
    <div className="@container flex min-h-0 flex-1 bg-surface-1">
      <div className="flex min-h-0 min-w-0 flex-1 @max-[560px]:flex-col">
        <TestList
          groups={groups}
          compiled={report?.compileOutput ? report.verdict : null}
          choice={choice}
          onChoose={(what) => setChosen({ of: key, what })}
        />
        <Detail at={at} choice={choice} row={rows.find(({ number }) => number === choice)} />
      </div>
    </div>
  );
}

function Detail({ at, choice, row }: { at: AtHand; choice: Choice; row: Row | undefined }) {
  const t = useT();
  return (
    <section
      aria-label={t("judge.detail")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable
      tabIndex={0}
      className="min-h-0 min-w-0 flex-1 overflow-y-auto px-4 py-3 focus-visible:-outline-offset-2 focus-visible:outline-accent focus-visible:shadow-none!"
    >
      {choice === "compiler" && at.report && <CompilerDetail output={at.report.compileOutput} />}
      {row && <TestDetail row={row} message={at.report?.message ?? ""} />}
      {!row && choice !== "compiler" && at.problem && <Statement problem={at.problem} />}
    </section>
  );
}

function Centre({ children }: { children: ReactNode }) {
  return (
    <div className="grid min-h-0 flex-1 place-items-center overflow-y-auto bg-surface-1">
      {children}
    </div>
  );
}
