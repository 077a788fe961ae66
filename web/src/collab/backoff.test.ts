import { describe, expect, it } from "vitest";
import { finalReason, retryDelay } from "./backoff";

const most = () => 0.999_999;
const least = () => 0;

describe("B7 looking for a lost server", () => {
  it("waits longer each time, never over 30 s", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 20].map((attempt) => retryDelay(attempt, 1006, most));
    expect(delays.map((delay) => Math.round(delay))).toEqual([
      500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
    ]);
  });

  it("spreads everybody over the whole time", () => {
    expect(retryDelay(7, 1006, least)).toBe(0);
    expect(retryDelay(7, 1006, () => 0.5)).toBe(15_000);
  });

  it("is soon back after a restart, a little later when overloaded", () => {
    expect(retryDelay(1, 1012, least)).toBe(100);
    expect(retryDelay(1, 1012, most)).toBeLessThan(1_001);
    expect(retryDelay(1, 1013, least)).toBe(500);
    expect(retryDelay(2, 1012, most)).toBeLessThan(1_001);
  });

  it("does not send again what was too large or not understood", () => {
    expect([1009, 4400].map(finalReason)).toEqual(["too_big", "misunderstood"]);
  });

  it("stops for good after 4401, 4403 and 4404", () => {
    expect([4401, 4403, 4404].map(finalReason)).toEqual(["signed_out", "forbidden", "no_room"]);
    expect([1001, 1006, 1011, 1012, 1013, 4408].map(finalReason)).toEqual(
      Array.from({ length: 6 }, () => null),
    );
  });
});
