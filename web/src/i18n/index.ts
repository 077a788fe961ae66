export type { MessageKey, Values } from "./catalogue";
export { t, useT } from "./catalogue";
export {
  clock,
  dayName,
  fullTime,
  list,
  megabytes,
  milliseconds,
  relative,
  seconds,
} from "./formats";
export { explain } from "./problems";
