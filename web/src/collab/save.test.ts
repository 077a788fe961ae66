import { describe, expect, it } from "vitest";
import { type Facts, saveState } from "./save";

const GOOD: Facts = {
  closed: null,
  up: true,
  network: true,
  attempt: 1,
  seconds: 0,
  edits: 0,
  late: false,
  serverUnsaved: false,
  readOnly: null,
};

describe("B5 what is said about my edits", () => {
  it("is saved only when the server answered everything", () => {
    expect(saveState(GOOD)).toEqual({ kind: "saved" });
    expect(saveState({ ...GOOD, late: true })).toEqual({ kind: "saving" });
    expect(saveState({ ...GOOD, up: false }).kind).toBe("connecting");
  });

  it("B6 counts what is kept here while there is no connection", () => {
    expect(saveState({ ...GOOD, up: false, edits: 12 })).toEqual({ kind: "offline", edits: 12 });
    expect(saveState({ ...GOOD, up: false, network: false })).toEqual({
      kind: "offline",
      edits: 0,
    });
  });

  it("B7 names the attempt and the wait", () => {
    const facts = { ...GOOD, up: false, attempt: 3, seconds: 8 };
    expect(saveState(facts)).toEqual({ kind: "connecting", attempt: 3, seconds: 8 });
  });

  it("B9 tells everybody when the server cannot store, and why one may only read", () => {
    expect(saveState({ ...GOOD, serverUnsaved: true, readOnly: "store_behind" }).kind).toBe(
      "unsaved",
    );
    const full = saveState({ ...GOOD, readOnly: "document_full", late: true, edits: 2 });
    expect(full).toEqual({ kind: "readOnly", reason: "document_full", edits: 2 });
  });

  it("is closed above all else", () => {
    const closed = { code: 4404, reason: "no_room" as const };
    expect(saveState({ ...GOOD, closed, up: false, edits: 1 })).toEqual({
      kind: "closed",
      ...closed,
      edits: 1,
    });
  });
});
