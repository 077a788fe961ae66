export * from "./client";
export { ApiError, hasCode, isAbort } from "./request";
export type * from "./types";
