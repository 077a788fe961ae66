import { Play, Terminal } from "lucide-react";
import { useCallback } from "react";
import type { Size } from "../api";
import { useOpenFile, useRoom } from "../collab";
import { sentence, useT } from "../i18n";
import { Button, MenuItem, SplitButton, Tooltip } from "../ui";
import { languageFor, useDesk } from "./desk";

interface Target {
  fileId: string | null;
  /** What the file runs as: `Python 3.12`. */
  language: string | null;
  /** Why not, in a sentence. */
  reason: string | null;
}

/** The open file, if it can run. */
export function useTarget(): Target {
  const t = useT();
  const { config } = useDesk().state;
  const { mayWrite, me, rights } = useRoom();
  const { fileId, path } = useOpenFile();
  const none = (reason: string): Target => ({ fileId: null, language: null, reason });
  if (!rights.has("run")) return none(t(me.role === "observer" ? "run.viewOnly" : "run.mayNot"));
  if (!mayWrite && rights.has("write")) return none(t("run.readOnly"));
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

/** Runs the open file; the same for the button and for Ctrl Enter, with Shift in a terminal. */
export function useRunCommand(): (terminal: boolean) => void {
  const { desk } = useDesk();
  const { fileId, reason } = useTarget();
  return useCallback(
    (terminal) => {
      if (fileId && !reason) void desk.start(fileId, terminal ? terminalSize() : undefined);
    },
    [desk, fileId, reason],
  );
}

const LETTER = { width: 7.8, height: 17 };
const AROUND = { width: 28, height: 50 };

/** About what fits into the panel; the terminal itself finds out exactly. */
function terminalSize(): Size {
  const panel = document.querySelector("[data-panel=run]") ?? document.body;
  const { width, height } = panel.getBoundingClientRect();
  const fits = (room: number, letter: number, least: number, most: number) =>
    Math.round(Math.min(most, Math.max(least, Math.floor(room / letter))));
  return {
    rows: fits(height - AROUND.height, LETTER.height, 5, 60),
    columns: fits(width - AROUND.width, LETTER.width, 20, 240),
  };
}

/** The one ink button of a room. */
export function RunButton() {
  const t = useT();
  const { state } = useDesk();
  const { path } = useOpenFile();
  const { fileId, language, reason } = useTarget();
  const run = useRunCommand();
  const face = { icon: Play, keys: "Mod+Enter", busy: state.starting, disabledReason: reason };
  if (reason || !fileId) {
    return (
      <Button variant="ink" {...face}>
        {t("run.run")}
      </Button>
    );
  }
  const button = (
    <SplitButton
      {...face}
      onClick={() => run(false)}
      menuLabel={t("run.ways")}
      menu={
        <MenuItem icon={Terminal} keys="Mod+Shift+Enter" onSelect={() => run(true)}>
          {t("run.inTerminal")}
        </MenuItem>
      }
    >
      {t("run.run")}
    </SplitButton>
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
