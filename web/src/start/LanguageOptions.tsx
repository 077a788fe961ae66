import type { Config, Language } from "../api";
import { useT } from "../i18n";

function label({ name, version }: Language): string {
  return version ? `${name} ${version}` : name;
}

/** What can be run here first; the rest can still be written. */
export function LanguageOptions({ config, away }: { config: Config | null; away: boolean }) {
  const t = useT();
  if (!config)
    return <option value="">{away ? t("start.noLanguages") : t("start.loadingLanguages")}</option>;
  const runs = config.languages.filter((language) => language.available);
  const reads = config.languages.filter((language) => !language.available);
  if (runs.length === 0 || reads.length === 0) return <Options languages={config.languages} />;
  return (
    <>
      <Options languages={runs} />
      <optgroup label={t("start.writeOnly")}>
        <Options languages={reads} />
      </optgroup>
    </>
  );
}

function Options({ languages }: { languages: readonly Language[] }) {
  return languages.map((language) => (
    <option key={language.id} value={language.id}>
      {label(language)}
    </option>
  ));
}
