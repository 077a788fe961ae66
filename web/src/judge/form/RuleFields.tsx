import { useSyncExternalStore } from "react";
import type { Checker } from "../../api";
import { useOpenRoom } from "../../collab";
import { type MessageKey, useT } from "../../i18n";
import { languageFor, useDesk } from "../../run/desk";
import { Field, Input, Select } from "../../ui";
import { CHECKERS } from "../checkers";
import type { Draft } from "./draft";

export interface RuleFieldsProps {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
}

/** Limits, how answers are compared, and programs of the judge. */
export function RuleFields({ draft, onChange }: RuleFieldsProps) {
  const t = useT();
  const number = (label: MessageKey, name: "cpuSeconds" | "memoryMb" | "tolerance") => (
    <Field label={t(label)}>
      {(ids) => (
        <Input
          {...ids}
          inputMode="decimal"
          autoComplete="off"
          value={draft[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <div className="grid grid-cols-2 gap-3 max-[480px]:grid-cols-1">
      {number("judge.cpuSeconds", "cpuSeconds")}
      {number("judge.memoryMb", "memoryMb")}
      <Field label={t("judge.checker")} hint={t(CHECKERS[draft.checker])}>
        {(ids) => (
          <Select
            {...ids}
            value={draft.checker}
            onChange={(event) => onChange({ checker: event.target.value as Checker["type"] })}
          >
            {NAMES.map(([type, name]) => (
              <option key={type} value={type}>
                {t(name)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {draft.checker === "floats" && number("judge.tolerance", "tolerance")}
      {draft.checker === "custom" && (
        <FileField
          label={t("judge.checkerFile")}
          kept={draft.from?.checker.type === "custom"}
          value={draft.checkerFile}
          onChange={(checkerFile) => onChange({ checkerFile })}
        />
      )}
      <FileField
        label={t("judge.interactorFile")}
        kept={Boolean(draft.from?.interactor)}
        value={draft.interactorFile}
        onChange={(interactorFile) => onChange({ interactorFile })}
      />
    </div>
  );
}

const NAMES: readonly (readonly [Checker["type"], MessageKey])[] = [
  ["lines", "judge.nameLines"],
  ["exact", "judge.nameExact"],
  ["tokens", "judge.nameTokens"],
  ["floats", "judge.nameFloats"],
  ["unordered", "judge.nameUnordered"],
  ["custom", "judge.nameCustom"],
];

interface FileFieldProps {
  label: string;
  /** The problem has such a program already. */
  kept: boolean;
  value: string;
  onChange: (path: string) => void;
}

function FileField({ label, kept, value, onChange }: FileFieldProps) {
  const t = useT();
  const { files } = useOpenRoom();
  const { state } = useDesk();
  const entries = useSyncExternalStore(files.changed.subscribe, () => files.entries);
  const programs = entries.filter(
    ({ path, folder }) => !folder && state.config && languageFor(path, state.config)?.available,
  );
  return (
    <Field label={label}>
      {(ids) => (
        <Select {...ids} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">{t(kept ? "judge.asItIs" : "judge.noFile")}</option>
          {programs.map(({ id, path }) => (
            <option key={id} value={path}>
              {path}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
