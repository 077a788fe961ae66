import { useEffect, useRef, useState } from "react";
import { type MessageKey, useT } from "../i18n";
import { join, type PathProblem, pathProblem } from "./paths";

export interface NameFieldProps {
  label: string;
  /** The folder the name stands in. */
  folder: string;
  initial: string;
  taken: (path: string) => boolean;
  onDone: (name: string) => void;
  onCancel: () => void;
}

const WORDS: Record<PathProblem, MessageKey> = {
  empty: "files.nameEmpty",
  long: "files.nameLong",
  parts: "files.nameParts",
  characters: "files.nameCharacters",
  taken: "files.duplicateName",
};

/** A name typed in the tree itself; Enter keeps it, Escape does not. */
export function NameField({ label, folder, initial, taken, onDone, onCancel }: NameFieldProps) {
  const t = useT();
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(initial);
  const path = join(folder, name.trim());
  const problem = name.trim() === "" ? "empty" : pathProblem(path);
  const clash = name.trim() !== initial && taken(path);
  const reason: PathProblem | null = problem ?? (clash ? "taken" : null);
  // A folder's slash has just been typed: the rest is to come.
  const unfinished = name.endsWith("/") && pathProblem(path.slice(0, -1)) === null;
  const shown = reason !== null && reason !== "empty" && name !== initial && !unfinished;

  useEffect(() => {
    const field = input.current;
    if (!field) return;
    field.focus();
    const dot = initial.lastIndexOf(".");
    field.setSelectionRange(0, dot > 0 ? dot : initial.length);
  }, [initial]);

  const finish = () =>
    reason === null && name.trim() !== initial ? onDone(name.trim()) : onCancel();
  return (
    <span className="flex min-w-0 flex-1 flex-col">
      <input
        ref={input}
        aria-label={label}
        aria-invalid={shown || undefined}
        value={name}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        className="h-[22px] w-full min-w-0 rounded-1 border border-line-strong bg-surface-1 px-1 text-text-1 aria-invalid:border-danger touch:h-9 touch:text-16"
        onChange={(event) => setName(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Enter") {
            // Or the editor, which has the focus next, would get this Enter.
            event.preventDefault();
            if (reason === null) finish();
          }
          if (event.key === "Escape") onCancel();
        }}
      />
      {shown && (
        <span role="alert" className="py-0.5 text-12 whitespace-normal text-danger">
          {t(WORDS[reason])}
        </span>
      )}
    </span>
  );
}
