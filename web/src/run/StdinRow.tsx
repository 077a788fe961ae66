import { ChevronRight } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useId } from "react";
import { useT } from "../i18n";
import { Button, Icon, Tooltip } from "../ui";
import { useDesk } from "./desk";

/** A line for the running program; anybody who may write can type it. */
export function StdinRow({ run }: { run: string }) {
  const t = useT();
  const id = useId();
  const { desk, state } = useDesk();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const line = state.input;
    desk.set({ input: "" });
    if (!(await desk.send(run, `${line}\n`))) desk.set({ input: line });
  };
  const end = () => void desk.send(run, null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey && event.key.toLowerCase() === "d" && state.input === "") {
      event.preventDefault();
      end();
    }
  };
  return (
    <form
      onSubmit={(event) => void submit(event)}
      className="flex shrink-0 items-center gap-1.5 border-t border-line bg-surface-1 p-2 focus-within:shadow-[inset_0_2px_0_var(--accent)]"
    >
      <label htmlFor={id} className="sr-only">
        {t("run.input")}
      </label>
      <Icon of={ChevronRight} className="ml-1 text-text-2" />
      <input
        id={id}
        value={state.input}
        onChange={(event) => desk.set({ input: event.target.value })}
        onKeyDown={onKeyDown}
        placeholder={t("run.inputHint")}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        className="h-8 min-w-0 flex-1 bg-transparent px-1 font-code text-code text-ellipsis shadow-none! placeholder:text-ellipsis placeholder:text-text-3 touch:h-11 touch:text-16"
      />
      <Tooltip label={t("run.endInputHint")} keys="Ctrl+D">
        <Button variant="quiet" onClick={end}>
          {t("run.endInput")}
        </Button>
      </Tooltip>
      <Button type="submit">{t("run.send")}</Button>
    </form>
  );
}
