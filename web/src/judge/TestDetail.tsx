import type { ReactNode } from "react";
import { megabytes, seconds, sentence, useT } from "../i18n";
import { LinkedText } from "../run/LinkedText";
import { State } from "../ui";
import { Compared } from "./Compared";
import type { Row } from "./rows";
import { lookOf } from "./verdicts";

const BLOCK =
  "max-h-48 overflow-auto rounded-2 border border-line bg-surface-2 px-3 py-2 font-code text-code leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]";

/** One test: its verdict, what it used, and what it read, wanted and got. */
export function TestDetail({ row, message }: { row: Row; message: string }) {
  const t = useT();
  const { report, test, hidden, mark } = row;
  const look = lookOf(mark);
  const stdin = report?.stdin ?? test?.stdin ?? "";
  const expected = report?.expected ?? test?.expected ?? "";
  const told = [report?.message, report?.note].filter(Boolean).map((one) => sentence(one ?? ""));
  const secret = hidden && !test && !report?.stdin && !report?.expected;
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="font-semibold">
          {t(hidden ? "judge.hiddenTest" : "judge.test", { number: row.number })}
        </h3>
        <State icon={look.icon} tone={look.tone} spin={look.spin}>
          {[look.words, ...measures(row)].join(" · ")}
        </State>
      </div>
      {hidden && (
        <p className={secret ? "text-text-2" : "text-caution"}>
          {t(secret ? "judge.hiddenText" : "judge.hiddenHosts")}
        </p>
      )}
      {mark === "SK" && <p className="text-text-2">{t("judge.skippedText")}</p>}
      {told.map((one) => (
        <p key={one} className="text-text-2">
          {one}
        </p>
      ))}
      {mark === "IE" && told.length === 0 && message && <p>{sentence(message)}</p>}
      {!secret && <Texts stdin={stdin} expected={expected} row={row} />}
    </div>
  );
}

function Texts({ stdin, expected, row }: { stdin: string; expected: string; row: Row }) {
  const t = useT();
  const { report, mark } = row;
  const got = report?.output;
  const compare = mark === "WA" || mark === "PE";
  const args = row.test?.args?.join(" ");
  return (
    <div className="grid gap-3 @min-[800px]:grid-cols-[minmax(0,1fr)_minmax(0,2fr)]">
      <div className="grid content-start gap-3">
        {args && <Part name={t("judge.args")}>{args}</Part>}
        <Part name={t("judge.input")}>{stdin}</Part>
      </div>
      <div className="grid content-start gap-3">
        {compare && got !== undefined ? (
          <Compared expected={expected} got={got} />
        ) : (
          <>
            <Part name={t("judge.expected")}>{expected}</Part>
            {report && mark !== "SK" && <Part name={t("judge.got")}>{got ?? ""}</Part>}
          </>
        )}
        {report?.errors && (
          <Part name={t("judge.errors")}>
            <LinkedLines text={report.errors} />
          </Part>
        )}
      </div>
    </div>
  );
}

function measures({ report }: Row): string[] {
  if (!report || report.cpuSeconds === undefined) return [];
  const parts = [seconds(report.cpuSeconds)];
  if (report.memoryBytes) parts.push(megabytes(report.memoryBytes));
  return parts;
}

export function Part({ name, children }: { name: string; children: ReactNode }) {
  const t = useT();
  const empty = children === "";
  return (
    <div className="grid content-start gap-1">
      <h4 className="text-12 text-text-3">{name}</h4>
      {empty ? (
        <p className="text-text-3">{t("judge.nothing")}</p>
      ) : (
        <pre className={BLOCK}>{children}</pre>
      )}
    </div>
  );
}

/** What the compiler said, with its places. */
export function CompilerDetail({ output }: { output: string }) {
  const t = useT();
  return (
    <Part name={t("judge.compiler")}>
      <LinkedLines text={output} />
    </Part>
  );
}

function LinkedLines({ text }: { text: string }) {
  return text
    .trimEnd()
    .split("\n")
    .map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: what was said does not change
      <span key={index}>
        <LinkedText text={line} />
        {"\n"}
      </span>
    ));
}
