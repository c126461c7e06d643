import { describe, expect, it } from "vitest";
import { aResult } from "../testing/samples";
import { COUNTS, REAL_DIVES, shareBelow, standingOf } from "./standing";

describe("the real dives", () => {
  it("are as many as the documents say", () => {
    expect(REAL_DIVES).toBe(1412);
    expect(COUNTS).toHaveLength(61);
  });

  it("have nobody below nothing, and all below more than is given", () => {
    expect(shareBelow(0)).toBeCloseTo(1 / 1412);
    expect(shareBelow(30.01)).toBe(1);
  });

  it("have their middle where the priors have it", () => {
    expect(shareBelow(22.5)).toBeGreaterThan(0.45);
    expect(shareBelow(22.5)).toBeLessThan(0.55);
    expect(shareBelow(22.49)).toBeLessThan(shareBelow(22.51));
  });
});

describe("the standing", () => {
  it("comes with the range of its score", () => {
    const standing = standingOf(aResult({ evidence: 0.97, execution: 24, difficulty: 3, interval: { low: 60, high: 81, level: 0.9 } }));
    expect(standing).toEqual({ share: shareBelow(24), low: shareBelow(20), high: shareBelow(27) });
  });

  it("is not told of a guess, which is the middle of the real dives by itself", () => {
    expect(standingOf(aResult({ evidence: 0.05 }))).toBeNull();
  });

  it("is told of a network that stands alone", () => {
    expect(standingOf(aResult({ evidence: null }))).not.toBeNull();
  });
});
