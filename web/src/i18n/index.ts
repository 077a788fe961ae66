export type { MessageKey, Values } from "./catalogue";
export { t, useT } from "./catalogue";
export {
  clock,
  count,
  dayName,
  fullTime,
  list,
  megabytes,
  milliseconds,
  relative,
  seconds,
} from "./formats";
export { explain, sentence } from "./problems";
