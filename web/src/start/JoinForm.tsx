import { Eye } from "lucide-react";
import { type FormEvent, useState } from "react";
import { type Joined, joinRoom, type LinkInfo } from "../api";
import { explain, list, useT } from "../i18n";
import { AvatarStack, Button, Field, FieldError, givenName, Input, State } from "../ui";
import { keepJoined } from "./enter";
import { lastName, NAME_LENGTH } from "./names";

export interface JoinFormProps {
  link: LinkInfo;
  onJoined: (joined: Joined) => void;
}

/** The room's name, who is there, and the question for a name. */
export function JoinForm({ link, onJoined }: JoinFormProps) {
  const t = useT();
  const [nameless, setNameless] = useState(false);
  const { busy, problem, join } = useJoining(link.code, onJoined);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("person")).trim();
    setNameless(!name);
    if (name) void join(name);
    else event.currentTarget.querySelector<HTMLInputElement>("[name=person]")?.focus();
  };
  return (
    <form noValidate onSubmit={submit} className="grid gap-5">
      <div>
        <p className="text-text-2">{t("join.invited")}</p>
        <h1 dir="auto" className="text-28 font-semibold tracking-[-.02em] [overflow-wrap:anywhere]">
          {link.room.name}
        </h1>
      </div>
      <Here people={link.here} />
      {link.role === "observer" && (
        <State icon={Eye} tone="mute" pill className="justify-self-start">
          {t("join.observer")}
        </State>
      )}
      <Field
        label={t("join.yourName")}
        hint={t("join.nameHint")}
        error={nameless && t("join.nameMissing")}
      >
        {(ids) => (
          <Input
            {...ids}
            name="person"
            dir="auto"
            maxLength={NAME_LENGTH}
            defaultValue={lastName()}
            autoComplete="name"
            autoFocus
          />
        )}
      </Field>
      {problem && <FieldError>{problem}</FieldError>}
      <div className="flex phone:grid">
        <Button type="submit" variant="ink" size="lg" busy={busy} busyLabel={t("join.joining")}>
          {t("join.join")}
        </Button>
      </div>
    </form>
  );
}

function useJoining(code: string, onJoined: (joined: Joined) => void) {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const join = async (name: string) => {
    setBusy(true);
    setProblem(null);
    try {
      const joined = await joinRoom(code, name);
      keepJoined(code, joined);
      onJoined(joined);
    } catch (error) {
      setProblem(t("join.notJoined", { reason: explain(error) }));
      setBusy(false);
    }
  };
  return { busy, problem, join };
}

const NAMED = 3;

function Here({ people }: { people: LinkInfo["here"] }) {
  const t = useT();
  if (people.length === 0) return <p className="text-text-2">{t("join.nobody")}</p>;
  const names = people.slice(0, NAMED).map((person) => givenName(person.name));
  const rest = people.length - NAMED;
  if (rest > 0) names.push(t("join.others", { count: rest }));
  const avatars = people.map((person) => ({ ...person, id: `${person.number} ${person.name}` }));
  return (
    <div className="flex items-center gap-2.5">
      <AvatarStack people={avatars} />
      <p className="text-text-2">{t("join.here", { count: people.length, names: list(names) })}</p>
    </div>
  );
}
