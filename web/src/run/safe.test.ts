import { expect, test } from "vitest";
import { type Safety, withSafety } from "./safe";

const saved: Safety = { save: { kind: "saved" }, settled: true, kept: true };
const offline: Safety = { save: { kind: "offline", edits: 2 }, settled: false, kept: true };

test.each<[string, Safety, boolean, string]>([
  ["saved", saved, true, "Failed. Your code is saved."],
  ["a server that does not answer", saved, false, "Failed. Your code is kept in this browser."],
  ["offline", offline, false, "Failed. Your code is kept in this browser."],
  ["offline, not on the disk yet", { ...offline, kept: false }, false, "Failed."],
  ["an edit on its way", { ...saved, settled: false }, true, "Failed."],
  ["not stored by the server", { ...saved, save: { kind: "unsaved" } }, true, "Failed."],
])("what is safe is said as it is: %s", (_name, safety, answered, words) => {
  expect(withSafety("Failed.", safety, answered)).toBe(words);
});
