import { lazy } from "react";

/** A room without problems needs none of it. */
export const TestsTools = lazy(() => import("./TestsTools"));
export const TestsBody = lazy(() => import("./TestsBody"));
