import { useEffect } from "react";
import { useWorkbench } from "../editor/workbench";
import { useDesk, useRuns } from "./desk";

/** Hands the errors of the room's runs to the editor in front. */
export function useMarks(): void {
  const workbench = useWorkbench();
  const { desk } = useDesk();
  const runs = useRuns();
  useEffect(() => {
    const tell = () => workbench.marked.emit();
    workbench.marksOf = (fileId) => desk.marks.of(fileId);
    tell();
    return desk.marks.changed.subscribe(tell);
  }, [workbench, desk]);
  useEffect(() => desk.marks.follow(runs), [desk, runs]);
}
