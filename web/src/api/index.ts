export * from "./client";
export { ApiProblem, hasCode, isAbort } from "./request";
export type * from "./types";
