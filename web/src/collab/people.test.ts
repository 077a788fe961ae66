import { expect, test } from "vitest";
import { identityOf } from "./people";

test("a guest of another program has a colour, a name and an id", () => {
  const guest = identityOf(25, { name: " Kiran ", color: "#30bced" } as object);
  expect(guest).toEqual({ id: "client-25", name: "Kiran", role: "participant", number: 2 });
  expect(identityOf(24, {}).name).toBe("Guest 1");
});

test("what the server told stays as it is", () => {
  const user = { id: "m1", name: "Ananya", role: "host", number: 14 } as const;
  expect(identityOf(25, user)).toEqual(user);
});
