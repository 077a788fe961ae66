import { expect, test } from "vitest";
import { keyLabel } from "./keys";
import { initials, isRinged, personClass } from "./people";
import { type ShownToast, stack } from "./toasts";

test.each([
  ["Ananya Subramanian", "AS"],
  ["Rohan", "R"],
  ["maria da silva", "MS"],
  ["फ़राह ज़ैदी", "फ़ज़ै"],
  ["  ", ""],
])("the initials of %j", (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test("colours come again after twelve people, with a ring", () => {
  expect([1, 12, 13].map(personClass)).toEqual(["p1", "p12", "p1"]);
  expect([12, 13].map(isRinged)).toEqual([false, true]);
});

test("shortcuts are named as the machine's keyboard names them", () => {
  expect(keyLabel("Mod+Enter", false)).toBe("Ctrl ↵");
  expect(keyLabel("Mod+Enter", true)).toBe("⌘ ↵");
});

test("a new toast takes the place of a plain one, an error waits below it", () => {
  const error: ShownToast = { id: 1, text: "failed", tone: "error" };
  const plain: ShownToast = { id: 2, text: "deleted" };
  const next: ShownToast = { id: 3, text: "copied" };
  expect(stack([error, plain], next)).toEqual([error, next]);
});
