import { Plus, Trash2 } from "lucide-react";
import { useId } from "react";
import { useT } from "../../i18n";
import { Button, Field, IconButton, Input, Select, Switch, Textarea } from "../../ui";
import { type DraftGroup, type DraftTest, newGroup, newTest } from "./draft";

export interface GroupFieldsProps {
  groups: readonly DraftGroup[];
  onChange: (groups: DraftGroup[]) => void;
}

/** Tests in groups; a problem without groups has one, whose name and points need no fields. */
export function GroupFields({ groups, onChange }: GroupFieldsProps) {
  const t = useT();
  const several = groups.length > 1;
  const put = (key: number, change: Partial<DraftGroup>) =>
    onChange(groups.map((one) => (one.key === key ? { ...one, ...change } : one)));
  const numbers = new Map(groups.flatMap(({ tests }) => tests).map(({ key }, at) => [key, at + 1]));
  return (
    <div className="grid min-w-0 gap-4">
      {groups.map((group, at) => (
        <fieldset key={group.key} className="grid min-w-0 gap-3 border-t border-line pt-3">
          <legend className="sr-only">{t("judge.groupNamed", { name: group.id })}</legend>
          {several && (
            <GroupHead
              group={group}
              before={groups.slice(0, at).map(({ id }) => id)}
              onChange={(change) => put(group.key, change)}
              onRemove={() => onChange(groups.filter(({ key }) => key !== group.key))}
            />
          )}
          {group.tests.map((test) => (
            <TestFields
              key={test.key}
              test={test}
              number={numbers.get(test.key) ?? 0}
              onChange={(change) =>
                put(group.key, { tests: changed(group.tests, test.key, change) })
              }
              onRemove={() =>
                put(group.key, { tests: group.tests.filter(({ key }) => key !== test.key) })
              }
            />
          ))}
          <span>
            <Button
              icon={Plus}
              onClick={() => put(group.key, { tests: [...group.tests, newTest(true)] })}
            >
              {t("judge.addTest")}
            </Button>
          </span>
        </fieldset>
      ))}
      <span>
        <Button
          variant="quiet"
          icon={Plus}
          onClick={() => onChange([...groups, newGroup(`group-${groups.length + 1}`)])}
        >
          {t("judge.addGroup")}
        </Button>
      </span>
    </div>
  );
}

function changed(tests: DraftTest[], key: number, change: Partial<DraftTest>): DraftTest[] {
  return tests.map((test) => (test.key === key ? { ...test, ...change } : test));
}

interface GroupHeadProps {
  group: DraftGroup;
  before: readonly string[];
  onChange: (change: Partial<DraftGroup>) => void;
  onRemove: () => void;
}

function GroupHead({ group, before, onChange, onRemove }: GroupHeadProps) {
  const t = useT();
  return (
    <div className="grid grid-cols-[2fr_1fr_2fr_auto] items-end gap-3 max-[480px]:grid-cols-2">
      <Field label={t("judge.group")}>
        {(ids) => (
          <Input
            {...ids}
            value={group.id}
            autoComplete="off"
            onChange={(event) => onChange({ id: event.target.value })}
          />
        )}
      </Field>
      <Field label={t("judge.groupPoints")}>
        {(ids) => (
          <Input
            {...ids}
            inputMode="decimal"
            autoComplete="off"
            value={group.points}
            onChange={(event) => onChange({ points: event.target.value })}
          />
        )}
      </Field>
      <Field label={t("judge.needs")}>
        {(ids) => (
          <Select
            {...ids}
            value={before.includes(group.needs) ? group.needs : ""}
            onChange={(event) => onChange({ needs: event.target.value })}
          >
            <option value="">{t("judge.needsNothing")}</option>
            {before.map((id) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <IconButton
        label={t("judge.removeGroup", { name: group.id })}
        icon={Trash2}
        onClick={onRemove}
      />
    </div>
  );
}

interface TestFieldsProps {
  test: DraftTest;
  number: number;
  onChange: (change: Partial<DraftTest>) => void;
  onRemove: () => void;
}

function TestFields({ test, number, onChange, onRemove }: TestFieldsProps) {
  const t = useT();
  const hiddenId = useId();
  const area = (name: "stdin" | "expected") => (
    <Field label={t(name === "stdin" ? "judge.input" : "judge.expected")}>
      {(ids) => (
        <Textarea
          {...ids}
          rows={3}
          spellCheck={false}
          dir="ltr"
          value={test[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
          className="font-code text-code!"
        />
      )}
    </Field>
  );
  return (
    <fieldset className="grid min-w-0 gap-2 rounded-3 border border-line p-3">
      <legend className="sr-only">{t("judge.test", { number })}</legend>
      <div className="flex items-center gap-3">
        <span className="flex-1 font-medium">{t("judge.test", { number })}</span>
        <span className="flex items-center gap-2">
          <Switch
            id={hiddenId}
            checked={test.hidden}
            onCheckedChange={(hidden) => onChange({ hidden })}
          />
          <label htmlFor={hiddenId}>{t("judge.hidden")}</label>
        </span>
        <IconButton label={t("judge.removeTest", { number })} icon={Trash2} onClick={onRemove} />
      </div>
      <div className="grid grid-cols-2 gap-3 max-[480px]:grid-cols-1">
        {area("stdin")}
        {area("expected")}
      </div>
    </fieldset>
  );
}
