import { IntlMessageFormat } from "intl-messageformat";
import en from "./en.json";
import judge from "./en.judge.json";
import room from "./en.room.json";

/** The language of the catalogue; numbers and dates follow the reader's own locale. */
export const MESSAGE_LOCALE = "en";

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`;
}[keyof T & string];

export type MessageKey = Leaves<typeof en> | Leaves<typeof room> | Leaves<typeof judge>;
export type Values = Record<string, string | number>;
export type Translate = (key: MessageKey, values?: Values) => string;

export interface Messages {
  [key: string]: string | Messages;
}

/** `{a: {b: "x"}}` becomes `a.b → x`. */
export function flatten(messages: Messages, prefix = ""): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [name, value] of Object.entries(messages)) {
    const key = prefix + name;
    if (typeof value === "string") flat.set(key, value);
    else for (const [deep, text] of flatten(value, `${key}.`)) flat.set(deep, text);
  }
  return flat;
}

const texts = new Map([...flatten(en), ...flatten(room), ...flatten(judge)]);
const formats = new Map<string, IntlMessageFormat>();

function formatOf(key: string, text: string): IntlMessageFormat {
  const known = formats.get(key);
  if (known) return known;
  const format = new IntlMessageFormat(text, MESSAGE_LOCALE);
  formats.set(key, format);
  return format;
}

/** The message for `key` with ICU placeholders filled in; usable outside React. */
export const t: Translate = (key, values) => {
  const text = texts.get(key);
  if (text === undefined) return key;
  if (!/[{'<]/.test(text)) return text;
  return String(formatOf(key, text).format(values));
};

/** The translator for components. */
export function useT(): Translate {
  return t;
}
