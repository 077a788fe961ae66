import { describe, expect, it } from "vitest";
import { readEvent, refusesEdit } from "./events";

function frame(...bytes: number[]): ArrayBuffer {
  return new Uint8Array([3, 0x64, 0x6f, 0x63, ...bytes]).buffer;
}

describe("B9 a refused edit is noticed", () => {
  it("by a sync status of 0 and nothing else", () => {
    expect(refusesEdit(frame(8, 0))).toBe(true);
    expect(refusesEdit(frame(8, 1))).toBe(false);
    expect(refusesEdit(frame(0, 0, 1, 0))).toBe(false);
  });
});

describe("B10 events of the room", () => {
  it("are read, and what a newer server says is left alone", () => {
    expect(readEvent('{"type":"pong","id":4}')).toEqual({ type: "pong", id: 4 });
    expect(readEvent('{"type":"later"}')).toBeNull();
    expect(readEvent('{"type":"missed"}')).toEqual({ type: "missed" });
    expect(readEvent("null")).toBeNull();
    expect(readEvent("{")).toBeNull();
  });
});
