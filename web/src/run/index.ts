export { useRuns, useStarting } from "./desk";
export type { Run } from "./log";
export { HeadName, PanelHead } from "./PanelHead";
export { RunButton, useRunCommand } from "./RunButton";
export { RunBody, RunPanel, type RunPanelProps, RunTools } from "./RunPanel";
export { useMarks } from "./useMarks";
