import { expect, test } from "vitest";
import { codeIn, roomPath } from "./codes";

test.each([
  ["teal-mango-x4k9m2p7", "teal-mango-x4k9m2p7"],
  ["  https://sangam.example.in/r/teal-mango-x4k9m2p7?x=1 ", "teal-mango-x4k9m2p7"],
  ["sangam.example.in/r/teal-mango", "teal-mango"],
  ["/r/%E0%A4%95", "क"],
  ["two words", null],
  ["", null],
  ["https://example.in/other", null],
])("the code in %j", (text, code) => {
  expect(codeIn(text)).toBe(code);
});

test("a room's path escapes what has to be", () => {
  expect(roomPath("a b")).toBe("/r/a%20b");
});
