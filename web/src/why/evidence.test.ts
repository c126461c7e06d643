import { expect, it } from "vitest";
import { LAMPS, lampsOf, sightOf, surenessOf } from "./evidence";

it.each([
  [1, "well", LAMPS],
  [0.9, "well", 4],
  [0.7, "mostly", 3],
  [0.5, "half", 2],
  [0.2, "little", 1],
  [0.04, "guess", 0],
  [0, "guess", 0],
] as const)("evidence of %d is told as %s with %d lamps", (evidence, sight, lamps) => {
  expect(sightOf({ evidence })).toBe(sight);
  expect(lampsOf(sight)).toBe(lamps);
});

it("says nothing of a network that stands alone", () => {
  expect(sightOf({ evidence: null })).toBeNull();
  expect(sightOf({})).toBeNull();
});

it("never calls a dive certain or impossible", () => {
  expect([0, 0.004, 0.526, 0.9957, 1].map(surenessOf)).toEqual([0.01, 0.01, 0.53, 0.99, 0.99]);
});
