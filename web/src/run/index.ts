export { useRuns } from "./desk";
export type { Run } from "./log";
export { RunButton, useRunCommand } from "./RunButton";
export { RunPanel, type RunPanelProps } from "./RunPanel";
