import { History } from "lucide-react";
import { useRoom } from "../collab";
import { clock, useT } from "../i18n";
import { Button, givenName, IconButton, Menu, MenuLabel, MenuRadio, MenuRadioGroup } from "../ui";
import { useDesk } from "./desk";
import type { Run } from "./log";

const SHOWN = 20;

export interface RunPickerProps {
  runs: readonly Run[];
  shown: Run;
}

/** Earlier runs; a newer one never takes the place of one that is being read. */
export function RunPicker({ runs, shown }: RunPickerProps) {
  const t = useT();
  const { desk } = useDesk();
  const { members } = useRoom();
  const newest = runs.at(-1);
  const choose = (id: string) => desk.set({ chosen: id === newest?.id ? null : id });
  const describe = (run: Run) =>
    t("run.pickerRow", {
      path: run.path ?? t("run.unknownFile"),
      name: givenName(members.get(run.author ?? "")?.name ?? t("run.somebody")),
      time: clock(run.startedAt),
    });
  return (
    <>
      {newest && shown !== newest && (
        <Button variant="quiet" onClick={() => desk.set({ chosen: null })}>
          {t("run.newestRun")}
        </Button>
      )}
      <Menu align="end" trigger={<IconButton label={t("run.earlier")} icon={History} />}>
        <MenuLabel>{t("run.earlier")}</MenuLabel>
        <MenuRadioGroup value={shown.id} onValueChange={choose}>
          {runs
            .slice(-SHOWN)
            .reverse()
            .map((run) => (
              <MenuRadio key={run.id} value={run.id}>
                {describe(run)}
              </MenuRadio>
            ))}
        </MenuRadioGroup>
      </Menu>
    </>
  );
}
