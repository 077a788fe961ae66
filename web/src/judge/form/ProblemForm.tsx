import { Download, Upload } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { ApiError, type Problem } from "../../api";
import { useOpenRoom } from "../../collab";
import { explain, type MessageKey, sentence, useT } from "../../i18n";
import { languageFor, useDesk } from "../../run/desk";
import { Button, Dialog, Field, FieldError, Input, Textarea } from "../../ui";
import { useTests } from "../desk";
import { type Draft, type DraftError, draftError, draftOf, emptyDraft, problemOf } from "./draft";
import { GroupFields } from "./GroupFields";
import { RuleFields } from "./RuleFields";
import { readProblem, saveProblem } from "./transfer";

const MISSING: Record<DraftError, MessageKey> = {
  title: "judge.missingTitle",
  limits: "judge.missingLimits",
  tolerance: "judge.missingTolerance",
  tests: "judge.missingTests",
  groups: "judge.missingGroups",
  checkerFile: "judge.missingChecker",
};

export interface ProblemFormProps {
  /** Null for a new one. */
  problem: Problem | null;
  onClose: () => void;
}

/** What hosts set: statement, limits, checker, and tests in groups. */
export default function ProblemForm({ problem, onClose }: ProblemFormProps) {
  const t = useT();
  const [draft, setDraft] = useState<Draft>(() => (problem ? draftOf(problem) : emptyDraft()));
  const { busy, trouble, setTrouble, keep } = useKeeping(onClose);
  const change = (some: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...some }));
    setTrouble(null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void keep(draft);
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t(problem ? "judge.editProblem" : "judge.newProblem")}
      description={t("judge.formText")}
      className="wide:top-[6dvh]! wide:max-w-[760px]!"
    >
      <form noValidate onSubmit={submit} className="grid min-w-0 gap-4">
        <Field label={t("judge.title")}>
          {(ids) => (
            <Input
              {...ids}
              value={draft.title}
              maxLength={200}
              dir="auto"
              autoComplete="off"
              onChange={(event) => change({ title: event.target.value })}
            />
          )}
        </Field>
        <Field label={t("judge.statement")} hint={t("judge.statementHint")}>
          {(ids) => (
            <Textarea
              {...ids}
              rows={5}
              value={draft.statement}
              maxLength={60_000}
              dir="auto"
              onChange={(event) => change({ statement: event.target.value })}
            />
          )}
        </Field>
        <RuleFields draft={draft} onChange={change} />
        <GroupFields groups={draft.groups} onChange={(groups) => change({ groups })} />
        {trouble && <FieldError>{trouble}</FieldError>}
        <Foot
          draft={draft}
          busy={busy}
          onRead={setDraft}
          onTrouble={setTrouble}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}

interface FootProps {
  draft: Draft;
  busy: boolean;
  onRead: (draft: Draft) => void;
  onTrouble: (trouble: string) => void;
  onClose: () => void;
}

function Foot({ draft, busy, onRead, onTrouble, onClose }: FootProps) {
  const t = useT();
  const program = useProgramAt();
  const picker = useRef<HTMLInputElement>(null);
  const read = async (file: File | undefined) => {
    const found = file && (await readProblem(file));
    if (found) onRead({ ...draftOf(found), id: draft.id });
    else onTrouble(t("judge.notAProblem"));
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <input
        ref={picker}
        type="file"
        accept=".json,application/json"
        hidden
        onChange={(event) => void read(event.target.files?.[0])}
      />
      <Button variant="quiet" icon={Upload} onClick={() => picker.current?.click()}>
        {t("judge.readFile")}
      </Button>
      <Button
        variant="quiet"
        icon={Download}
        onClick={() => saveProblem(problemOf(draft, new Set(), program))}
      >
        {t("judge.saveFile")}
      </Button>
      <span className="flex-1" />
      <Button onClick={onClose}>{t("judge.close")}</Button>
      <Button type="submit" variant="ink" busy={busy} busyLabel={t("judge.keeping")}>
        {t("judge.keep")}
      </Button>
    </div>
  );
}

/** A program of the problem, out of a file of the room. */
function useProgramAt() {
  const { files } = useOpenRoom();
  const { state } = useDesk();
  return (path: string) => {
    const entry = files.byPath(path);
    const content = (entry && files.text(entry.id)?.toString()) ?? "";
    const language = state.config ? languageFor(path, state.config)?.id : undefined;
    return { language: language ?? "", files: { [path]: content }, entry: path };
  };
}

function useKeeping(onClose: () => void) {
  const t = useT();
  const { api } = useOpenRoom();
  const { desk, state } = useTests();
  const program = useProgramAt();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const keep = async (draft: Draft) => {
    const missing = draftError(draft);
    setTrouble(missing && t(MISSING[missing]));
    if (missing || busy) return;
    setBusy(true);
    try {
      const problem = problemOf(draft, new Set(Object.keys(state.titles ?? {})), program);
      await api.putProblem(problem);
      await desk.refresh();
      desk.set({ chosen: problem.id });
      onClose();
    } catch (error) {
      const unfit = error instanceof ApiError && (error.status === 422 || error.status === 400);
      const reason = unfit ? sentence(error.message) : explain(error);
      setTrouble(t("judge.notKept", { reason }));
    } finally {
      setBusy(false);
    }
  };
  return { busy, trouble, setTrouble, keep };
}
