import { t } from "./catalogue";

const DAY = 86_400_000;

function readerLocale(): string {
  return typeof navigator === "undefined" ? "en" : navigator.language;
}

function cached<A, F>(make: (argument: A) => F): (argument: A) => F {
  const made = new Map<A, F>();
  return (argument) => {
    let value = made.get(argument);
    if (value === undefined) {
      value = make(argument);
      made.set(argument, value);
    }
    return value;
  };
}

const decimals = cached(
  (digits: number) =>
    new Intl.NumberFormat(readerLocale(), {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }),
);
const dates = cached(
  (options: string) =>
    new Intl.DateTimeFormat(readerLocale(), JSON.parse(options) as Intl.DateTimeFormatOptions),
);
const CLOCK = JSON.stringify({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DATE = JSON.stringify({ weekday: "short", day: "numeric", month: "short" });
const WEEKDAY = JSON.stringify({ weekday: "long" });
const FULL = JSON.stringify({ dateStyle: "full", timeStyle: "short" });

/** `18:42` */
export function clock(time: number): string {
  return dates(CLOCK).format(time);
}

/** For tooltips and `title`: everything. */
export function fullTime(time: number): string {
  return dates(FULL).format(time);
}

/** Calendar days from `time` to `now`: 0 is today. */
function daysBetween(time: number, now: number): number {
  const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(time)) / DAY);
}

function relativeUnit(amount: number, unit: Intl.RelativeTimeFormatUnit): string {
  return new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "short" })
    .format(-amount, unit)
    .replace(".", "");
}

/** `Today`, `Yesterday`, `Wednesday`, then `Fri 13 Nov`. */
export function dayName(time: number, now: number): string {
  const days = daysBetween(time, now);
  if (days <= 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  return dates(days < 7 ? WEEKDAY : DATE).format(time);
}

/** `Just now`, `12 min ago`, `3 hr ago`, `Yesterday`, then like dayName. */
export function relative(time: number, now: number): string {
  const minutes = Math.floor((now - time) / 60_000);
  if (minutes < 1) return t("time.justNow");
  if (minutes < 60) return relativeUnit(minutes, "minute");
  if (daysBetween(time, now) === 0) return relativeUnit(Math.floor(minutes / 60), "hour");
  return dayName(time, now);
}

/** `0.42 s` under ten seconds of measured time, `12.3 s` after. */
export function seconds(value: number, digits = value < 1 ? 2 : 1): string {
  return t("time.seconds", { value: decimals(digits).format(value) });
}

/** `38 ms` */
export function milliseconds(value: number): string {
  return t("time.milliseconds", { value: decimals(0).format(value) });
}

/** `18 MB`; a megabyte is 1024 × 1024 bytes, like the limits of a run. */
export function megabytes(bytes: number): string {
  const value = bytes / 1_048_576;
  return t("time.megabytes", { value: decimals(value > 0 && value < 1 ? 1 : 0).format(value) });
}

/** `1,204` */
export function count(value: number): string {
  return decimals(0).format(value);
}

/** `Ananya, Rohan and Tomás` */
export function list(names: readonly string[]): string {
  return new Intl.ListFormat("en-GB", { style: "long", type: "conjunction" }).format(names);
}
