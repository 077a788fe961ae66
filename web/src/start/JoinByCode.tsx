import { type FormEvent, useId, useState } from "react";
import { ApiError, getLink } from "../api";
import { explain, useT } from "../i18n";
import { Button, FieldError, Input } from "../ui";
import { codeIn, roomPath } from "./codes";

/** A pasted link or a typed code; looked up before leaving this page. */
export function JoinByCode({ go }: { go: (path: string) => void }) {
  const t = useT();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const join = async (text: string) => {
    const code = codeIn(text);
    if (!code) return setProblem(text.trim() ? t("start.notACode") : t("start.codeMissing"));
    setBusy(true);
    try {
      await getLink(code);
      go(roomPath(code));
    } catch (error) {
      const unknown = error instanceof ApiError && error.status === 404;
      setProblem(unknown ? t("start.unknownCode") : explain(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void join(String(new FormData(event.currentTarget).get("code")));
  };
  return (
    <section
      className="grid grid-cols-[minmax(0,1fr)] gap-2 border-b border-line pb-6"
      aria-labelledby={`${id}-head`}
    >
      <h2 id={`${id}-head`} className="text-14 font-semibold">
        <label htmlFor={id}>{t("start.joinTitle")}</label>
      </h2>
      <form noValidate onSubmit={submit} className="flex items-center gap-2">
        <Input
          id={id}
          name="code"
          placeholder={t("start.codeExample")}
          aria-describedby={`${id}-note`}
          aria-invalid={problem ? true : undefined}
          onChange={() => setProblem(null)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          dir="ltr"
        />
        <Button type="submit" size="field" busy={busy}>
          {t("start.join")}
        </Button>
      </form>
      {problem ? (
        <FieldError id={`${id}-note`}>{problem}</FieldError>
      ) : (
        <p id={`${id}-note`} className="text-12 text-text-3">
          {t("start.joinHint")}
        </p>
      )}
    </section>
  );
}
