import { Check, X } from "lucide-react";
import { useMemo } from "react";
import { useT } from "../i18n";
import { cx, Icon } from "../ui";
import { type Pair, pairs } from "./diff";

/** Expected and got side by side; where they differ the line is marked by colour, glyph and word. */
export function Compared({ expected, got }: { expected: string; got: string }) {
  const t = useT();
  const rows = useMemo(() => pairs(expected, got), [expected, got]);
  return (
    <div className="max-h-72 overflow-auto rounded-2 border border-line">
      <table className="w-full table-fixed border-collapse font-code text-code leading-5">
        <thead className="font-ui text-12 text-text-3">
          <tr>
            <th
              scope="col"
              className="border-r border-b border-line bg-surface-2 px-3 py-1 text-left font-medium"
            >
              {t("judge.expected")}
            </th>
            <th
              scope="col"
              className="border-b border-line bg-surface-2 px-3 py-1 text-left font-medium"
            >
              {t("judge.got")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((pair, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: outputs do not change
            <PairRow key={index} pair={pair} />
          ))}
        </tbody>
      </table>
      {got === "" && (
        <p className="border-t border-line px-3 py-1.5 text-text-3">{t("judge.printedNothing")}</p>
      )}
    </div>
  );
}

const CELL = "px-3 py-px align-top whitespace-pre-wrap [overflow-wrap:anywhere]";

function PairRow({ pair: { left, right, same } }: { pair: Pair }) {
  const t = useT();
  return (
    <tr>
      <td
        className={cx(CELL, "border-r border-line", !same && left !== null && "bg-positive-soft")}
      >
        {!same && left !== null && (
          <Icon of={Check} size={14} className="float-right mt-0.5 text-positive" />
        )}
        {left}
      </td>
      <td className={cx(CELL, !same && right !== null && "bg-danger-soft")}>
        {!same && right !== null && (
          <>
            <Icon of={X} size={14} className="float-right mt-0.5 text-danger" />
            <span className="sr-only">{t("judge.differs")} </span>
          </>
        )}
        {right}
      </td>
    </tr>
  );
}
