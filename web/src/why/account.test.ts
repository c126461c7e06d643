import { describe, expect, it } from "vitest";
import type { Flaw, Phase } from "../api/types";
import { aResult } from "../testing/samples";
import { accountOf, along, leadIn, phaseAt, stretchOf } from "./account";

const flaw = (name: string, points: number, at: number | null = 1): Flaw => ({ name, points, at, sureness: 0.7 });

describe("the account", () => {
  it("puts the dearest flaw first and tells what was not seen apart", () => {
    const { flaws, unseen, lost } = accountOf({ flaws: [flaw("legs", 0.5), flaw("unseen", 1.5, null), flaw("splash", 4)] });
    expect(flaws.map(({ name, share }) => [name, share])).toEqual([
      ["splash", 1],
      ["legs", 0.125],
    ]);
    expect(unseen).toEqual({ points: 1.5, share: 0.375, part: 0.25 });
    expect(lost).toBe(6);
  });

  it("does not let a trifle look gross", () => {
    expect(accountOf({ flaws: [flaw("legs", 0.3)] }).flaws[0]?.share).toBeCloseTo(0.1);
  });

  it("of a perfect dive is empty", () => {
    expect(accountOf({ flaws: [] })).toEqual({ flaws: [], unseen: { points: 0, share: 0, part: 0 }, lost: 0 });
  });
});

describe("moments", () => {
  it("are begun a little before, but not before the film", () => {
    expect(leadIn(2)).toBeCloseTo(1.65);
    expect(leadIn(0.1)).toBe(0);
  });

  it("lie along the film's pictures", () => {
    const stretch = stretchOf(aResult({ segments: [{ start: 1, end: 2, contribution: 1 }, { start: 2, end: 5, contribution: 1 }] }));
    expect(stretch).toEqual({ start: 1, end: 5 });
    expect([0, 1, 2, 5, 9].map((at) => along(stretch, at))).toEqual([0, 0, 0.25, 1, 1]);
  });

  it("of a result without segments lie along the whole film", () => {
    expect(stretchOf(aResult({ segments: [] }))).toEqual({ start: 0, end: 4.12 });
  });

  it("belong to a phase", () => {
    const phases: Phase[] = [
      { name: "approach", start: 0, end: 1 },
      { name: "take-off", start: 1, end: 1.3 },
    ];
    expect([null, 0, 1, 1.3, 2].map((at) => phaseAt(phases, at)?.name ?? null)).toEqual([null, "approach", "take-off", "take-off", null]);
  });
});
