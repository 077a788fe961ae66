export * from "./client";
export type * from "./judging";
export { ApiError, hasCode, isAbort } from "./request";
export type * from "./types";
