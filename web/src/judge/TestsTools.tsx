import { Ellipsis, FlaskConical, History, Pencil, Plus, Square, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useOpenRoom, useProgress, useRoom, useWaiting } from "../collab";
import { clock, useT } from "../i18n";
import { useTarget } from "../run/RunButton";
import { useNow } from "../run/useRunState";
import {
  Button,
  givenName,
  IconButton,
  Menu,
  MenuItem,
  MenuLabel,
  MenuRadio,
  MenuRadioGroup,
  MenuSeparator,
  State,
} from "../ui";
import { type AtHand, useAtHand, useTests } from "./desk";
import { lookOf, submissionState } from "./verdicts";

const ProblemForm = lazy(() => import("./form/ProblemForm"));
const SHOWN = 30;

/** State, Submit, problems and submissions: the end of the panel's head. */
export default function TestsTools() {
  const at = useAtHand();
  return (
    <>
      <div className="flex min-w-0 flex-1 items-center justify-end pl-2 @max-[560px]:order-last @max-[560px]:h-8 @max-[560px]:flex-none @max-[560px]:basis-full @max-[560px]:justify-start @max-[560px]:border-t @max-[560px]:border-line @max-[560px]:pl-3">
        {at.id !== null && <Verdict at={at} />}
      </div>
      <div className="flex min-w-0 items-center justify-end gap-1.5 px-2 @max-[560px]:flex-1">
        {at.id !== null && <Submit at={at} />}
        {at.handed.length > 0 && <Submissions at={at} />}
        <Problems at={at} />
      </div>
    </>
  );
}

function Verdict({ at: { shown } }: { at: AtHand }) {
  const { members } = useRoom();
  const { room } = useOpenRoom();
  const t = useT();
  const progress = useProgress(shown?.id ?? room.id);
  const waiting = useWaiting(shown?.id ?? room.id);
  const going = shown !== null && shown.end === null;
  const now = useNow(going && waiting !== null);
  const { icon, tone, spin, words } = submissionState(shown, progress, waiting, now);
  const name = shown && givenName(members.get(shown.member)?.name ?? t("run.somebody"));
  return (
    <span
      role="status"
      aria-live={going ? "off" : "polite"}
      className="mr-1 flex min-w-0"
      title={shown && name ? t("judge.by", { name, path: shown.path }) : undefined}
    >
      <State icon={icon} tone={tone} spin={spin}>
        {words}
      </State>
    </span>
  );
}

function Submit({ at: { id, shown } }: { at: AtHand }) {
  const t = useT();
  const { desk, state } = useTests();
  const { me, rights } = useRoom();
  const target = useTarget();
  if (shown && shown.end === null && (shown.member === me.id || rights.has("manage"))) {
    return (
      <Button icon={Square} onClick={() => void desk.cancel(shown.id)}>
        {t("judge.cancel")}
      </Button>
    );
  }
  return (
    <Button
      icon={FlaskConical}
      busy={state.handing}
      disabledReason={
        target.reason && (me.role === "observer" ? t("judge.viewOnly") : target.reason)
      }
      onClick={() => target.fileId && id !== null && void desk.submit(target.fileId, id)}
    >
      {t("judge.submit")}
    </Button>
  );
}

function Submissions({ at: { handed, shown } }: { at: AtHand }) {
  const t = useT();
  const { desk } = useTests();
  const { members } = useRoom();
  const newest = handed.at(-1);
  const describe = (one: (typeof handed)[number]) =>
    t("judge.submissionRow", {
      verdict: one.end ? lookOf(one.end.report?.verdict ?? null).words : t("judge.judging"),
      path: one.path,
      name: givenName(members.get(one.member)?.name ?? t("run.somebody")),
      time: clock(one.at),
    });
  return (
    <Menu align="end" trigger={<IconButton label={t("judge.submissions")} icon={History} />}>
      <MenuLabel>{t("judge.submissions")}</MenuLabel>
      <MenuRadioGroup
        value={shown?.id ?? ""}
        onValueChange={(id) => desk.set({ submission: id === newest?.id ? null : id })}
      >
        {handed
          .slice(-SHOWN)
          .reverse()
          .map((one) => (
            <MenuRadio key={one.id} value={one.id}>
              {describe(one)}
            </MenuRadio>
          ))}
      </MenuRadioGroup>
    </Menu>
  );
}

function Problems({ at: { id, problem } }: { at: AtHand }) {
  const t = useT();
  const { desk, state } = useTests();
  const { rights } = useRoom();
  const [form, setForm] = useState<"new" | "edit" | null>(null);
  const titles = Object.entries(state.titles ?? {});
  const host = rights.has("manage");
  if (titles.length === 0 && !host) return null;
  return (
    <>
      <Menu align="end" trigger={<IconButton label={t("judge.problems")} icon={Ellipsis} />}>
        {titles.length > 0 && (
          <>
            <MenuLabel>{t("judge.problems")}</MenuLabel>
            <MenuRadioGroup
              value={id ?? ""}
              onValueChange={(chosen) => desk.set({ chosen, submission: null })}
            >
              {titles.map(([one, title]) => (
                <MenuRadio key={one} value={one}>
                  {title}
                </MenuRadio>
              ))}
            </MenuRadioGroup>
          </>
        )}
        {host && titles.length > 0 && <MenuSeparator />}
        {host && (
          <MenuItem icon={Plus} onSelect={() => setForm("new")}>
            {t("judge.newProblem")}
          </MenuItem>
        )}
        {host && problem && (
          <>
            <MenuItem icon={Pencil} onSelect={() => setForm("edit")}>
              {t("judge.editProblem")}
            </MenuItem>
            <MenuSeparator />
            <MenuItem icon={Trash2} danger onSelect={() => void desk.remove(problem)}>
              {t("judge.removeProblem")}
            </MenuItem>
          </>
        )}
      </Menu>
      {form && (
        <Suspense>
          <ProblemForm problem={form === "edit" ? problem : null} onClose={() => setForm(null)} />
        </Suspense>
      )}
    </>
  );
}
