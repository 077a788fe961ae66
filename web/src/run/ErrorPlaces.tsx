import type { ErrorLine } from "../api";
import { useOpenFile } from "../collab";
import { useT } from "../i18n";
import { TextButton } from "../ui";

/** Where it went wrong, each one click away. */
export function ErrorPlaces({ errors }: { errors: readonly ErrorLine[] }) {
  const t = useT();
  const { openPath } = useOpenFile();
  if (errors.length === 0) return null;
  return (
    <ul aria-label={t("run.errorPlaces")} className="font-ui text-12">
      {errors.map(({ path, line, column, message }) => (
        <li key={`${path}:${line}:${column}:${message}`}>
          <TextButton onClick={() => openPath(path, { line, column: column || 1 })}>
            {t("run.place", { path, line })}
          </TextButton>{" "}
          <span className="text-text-2">{message}</span>
        </li>
      ))}
    </ul>
  );
}
