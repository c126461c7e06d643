import { describe, expect, it } from "vitest";
import { decimalsFor, figuresKnown } from "./rounding";

describe("decimals", () => {
  it.each([
    [30, 0],
    [9.2, 0],
    [0.8, 1],
    [0.115, 1],
    [0.049, 2],
    [0.00001, 3],
    [0, 2],
  ])("of what is known to %d are %d", (error, decimals) => {
    expect(decimalsFor(error)).toBe(decimals);
  });
});

describe("figures of a score", () => {
  it.each([
    [70.33, 30, 1],
    [70.33, 9.2, 2],
    [70.33, 0.8, 3],
    [70.33, 0.04, 4],
    [70.33, 0, 4],
    [100.5, 30, 2],
    [9.5, 30, 1],
    [0, 4, 1],
  ])("of %d that is known to %d: %d", (score, halfWidth, figures) => {
    expect(figuresKnown(score, halfWidth)).toBe(figures);
  });
});
