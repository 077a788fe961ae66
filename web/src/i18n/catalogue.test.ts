import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IntlMessageFormat } from "intl-messageformat";
import { expect, test } from "vitest";
import { flatten, t } from "./catalogue";
import en from "./en.json";
import judge from "./en.judge.json";
import room from "./en.room.json";

const SOURCE = join(import.meta.dirname, "..");
const catalogues = [en, room, judge].map((one) => [...flatten(one)]);
const messages = new Map(catalogues.flat());
const code = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.includes(".test."))
  .map((path) => readFileSync(join(SOURCE, path), "utf8"))
  .join("\n");
const sections = [en, room, judge].flatMap((one) => Object.keys(one));

test("no key is in two catalogues", () => {
  expect(messages.size).toBe(catalogues.flat().length);
});

test("every message is used", () => {
  const unused = [...messages.keys()].filter((key) => !code.includes(`"${key}"`));
  expect(unused).toEqual([]);
});

test("every key in the code has a message", () => {
  const pattern = new RegExp(`\\bt\\(\\s*"((?:${sections.join("|")})\\.[\\w.]+)"`, "g");
  const unknown = [...code.matchAll(pattern)]
    .map(([, key]) => key)
    .filter((key) => !messages.has(key ?? ""));
  expect(unknown).toEqual([]);
});

test("every message can be read, and keeps to the house's words", () => {
  for (const [key, text] of messages) {
    expect(() => new IntlMessageFormat(text, "en"), key).not.toThrow();
    expect(text, key).not.toMatch(/!|\b(please|oops|successfully|simply)\b/i);
  }
});

test("plurals and values are filled in", () => {
  expect(t("ui.morePeople", { count: 1 })).toBe("1 more person");
  expect(t("ui.morePeople", { count: 9 })).toBe("9 more people");
});
