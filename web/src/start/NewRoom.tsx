import { type FormEvent, useState } from "react";
import { type Config, createRoom } from "../api";
import { explain, useT } from "../i18n";
import { Button, Field, FieldError, Input, Select } from "../ui";
import { Abilities } from "./Abilities";
import { roomPath } from "./codes";
import { keepJoined } from "./enter";
import { LanguageOptions } from "./LanguageOptions";
import { lastName, NAME_LENGTH } from "./names";

export interface NewRoomProps {
  /** Null while the server has not answered. */
  config: Config | null;
  /** It does not answer at all. */
  away: boolean;
  go: (path: string) => void;
}

/** The form of the one ink button on this page. */
export function NewRoom({ config, away, go }: NewRoomProps) {
  const t = useT();
  const { busy, problem, create } = useCreation(go);
  const [nameless, setNameless] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const displayName = String(form.get("person")).trim();
    setNameless(!displayName);
    if (!displayName) {
      event.currentTarget.querySelector<HTMLInputElement>("[name=person]")?.focus();
      return;
    }
    const name = String(form.get("room")).trim() || t("start.unnamed");
    const language = String(form.get("language") ?? "");
    void create({ name, displayName, ...(language && { language }) });
  };
  return (
    <section aria-labelledby="new-room">
      <h1 id="new-room" className="text-28 font-semibold tracking-[-.02em]">
        {t("start.title")}
      </h1>
      <p className="mb-5 text-text-2">{t("start.lead")}</p>
      <Abilities />
      <form noValidate onSubmit={submit} className="mt-6 grid grid-cols-2 gap-x-3 gap-y-4">
        <Field label={t("start.roomName")} className="col-span-2">
          {(ids) => (
            <Input
              {...ids}
              name="room"
              dir="auto"
              maxLength={NAME_LENGTH}
              placeholder={t("start.roomNameExample")}
              autoComplete="off"
            />
          )}
        </Field>
        <Field
          label={t("start.yourName")}
          error={nameless && t("start.nameMissing")}
          className="max-[480px]:col-span-2"
        >
          {(ids) => (
            <Input
              {...ids}
              name="person"
              dir="auto"
              maxLength={NAME_LENGTH}
              defaultValue={lastName()}
              placeholder={t("start.yourNameExample")}
              autoComplete="name"
            />
          )}
        </Field>
        <Field
          label={t("start.language")}
          hint={config && !config.execution.available && t("start.noRuns")}
          className="max-[480px]:col-span-2"
        >
          {(ids) => (
            <Select {...ids} name="language" disabled={!config} key={config ? "known" : "asking"}>
              <LanguageOptions config={config} away={away} />
            </Select>
          )}
        </Field>
        {problem && (
          <div className="col-span-2">
            <FieldError>{problem}</FieldError>
          </div>
        )}
        <div className="col-span-2 mt-1 flex phone:grid">
          <Button type="submit" variant="ink" size="lg" busy={busy} busyLabel={t("start.creating")}>
            {t("start.create")}
          </Button>
        </div>
      </form>
    </section>
  );
}

function useCreation(go: (path: string) => void) {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const create = async (room: Parameters<typeof createRoom>[0]) => {
    setBusy(true);
    setProblem(null);
    try {
      const joined = await createRoom(room);
      const code = joined.links.participant ?? joined.room.id;
      keepJoined(code, joined);
      go(roomPath(code));
    } catch (error) {
      setProblem(t("start.notCreated", { reason: explain(error) }));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, create };
}
