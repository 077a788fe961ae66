import { Play } from "lucide-react";
import { useCallback } from "react";
import type { Config } from "../api";
import { useOpenFile, useRoom } from "../collab";
import { sentence, useT } from "../i18n";
import { Button, Tooltip } from "../ui";
import { languageFor, useDesk } from "./desk";

interface Target {
  fileId: string | null;
  /** What the file runs as: `Python 3.12`. */
  language: string | null;
  /** Why not, in a sentence. */
  reason: string | null;
}

function useTarget(config: Config | null): Target {
  const t = useT();
  const { mayWrite, me } = useRoom();
  const { fileId, path } = useOpenFile();
  const none = (reason: string): Target => ({ fileId: null, language: null, reason });
  if (me.role === "observer") return none(t("run.viewOnly"));
  if (!mayWrite) return none(t("run.readOnly"));
  if (fileId === null || path === null) return none(t("run.openFirst"));
  if (!config) return { fileId, language: null, reason: null };
  if (!config.execution.available) return none(t("run.noSandboxShort"));
  const language = languageFor(path, config);
  if (!language) return none(t("run.noProgram", { path }));
  if (!language.available) {
    const why = sentence(language.reason);
    return none(why || t("run.languageAway", { name: language.name }));
  }
  return { fileId, language: `${language.name} ${language.version}`.trim(), reason: null };
}

/** Runs the open file; the same for the button and for Ctrl Enter. */
export function useRunCommand(): () => void {
  const { desk, state } = useDesk();
  const { fileId, reason } = useTarget(state.config);
  return useCallback(() => {
    if (fileId && !reason) void desk.start(fileId);
  }, [desk, fileId, reason]);
}

/** The one ink button of a room. */
export function RunButton() {
  const t = useT();
  const { desk, state } = useDesk();
  const { path } = useOpenFile();
  const { fileId, language, reason } = useTarget(state.config);
  const button = (
    <Button
      variant="ink"
      icon={Play}
      keys="Mod+Enter"
      busy={state.starting}
      disabledReason={reason}
      onClick={() => fileId && void desk.start(fileId)}
    >
      {t("run.run")}
    </Button>
  );
  if (!language || !path) return button;
  return (
    <>
      <span className="text-12 whitespace-nowrap text-text-3 narrow:hidden">{language}</span>
      <Tooltip label={t("run.runWith", { path, language })} keys="Mod+Enter">
        {button}
      </Tooltip>
    </>
  );
}
