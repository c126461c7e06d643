import { describe, expect, it } from "vitest";
import { schemaOf } from "../testing/facts";
import { aResult } from "../testing/samples";
import { declaredIn, fieldOf, HEIGHTS, readCorrection } from "./correction";

const NOTHING = { dive: "", height: "", difficulty: "" };

describe("what is declared", () => {
  it("is what the result says was given", () => {
    const result = aResult({ height: 7.5, heightSource: "given", difficulty: 3.3, difficultySource: "given" });
    expect(declaredIn(result)).toEqual({ dive: "207C", height: "7.5", difficulty: "3.3" });
  });

  it("is nothing of what the network saw or the table says", () => {
    const seen = aResult({ height: 10, heightSource: "predicted", difficultySource: "dive" });
    expect(declaredIn({ ...seen, dive: { ...seen.dive, source: "predicted" } })).toEqual(NOTHING);
  });
});

describe("a correction", () => {
  it("sends what is new and nothing else", () => {
    expect(readCorrection({ dive: "107b", height: "10", difficulty: "" }, { ...NOTHING, height: "10" })).toEqual({
      change: { dive: "107B" },
      wrong: new Set(),
    });
  });

  it("takes back what was emptied", () => {
    expect(readCorrection(NOTHING, { dive: "107B", height: "3", difficulty: "3.1" }).change).toEqual({
      dive: null,
      height: null,
      difficulty: null,
    });
  });

  it("reads a comma, and is nothing where nothing differs", () => {
    expect(readCorrection({ ...NOTHING, difficulty: "3,0" }, { ...NOTHING, difficulty: "3" }).change).toEqual({});
    expect(readCorrection({ ...NOTHING, difficulty: "2,9" }, NOTHING).change).toEqual({ difficulty: 2.9 });
  });

  it("names the fields that are wrong", () => {
    expect(readCorrection({ dive: "999Z", height: "", difficulty: "9" }, NOTHING).wrong).toEqual(new Set(["dive", "difficulty"]));
  });
});

it.each([
  ["DIVE_IMPOSSIBLE", "626B is an armstand dive.", "dive"],
  ["DIFFICULTY_IMPOSSIBLE", "5.9 cannot be the difficulty of 107B.", "difficulty"],
  ["INVALID_REQUEST", "height: 2 is not a height.", "height"],
  ["INVALID_REQUEST", "The body is not JSON.", null],
  ["AMENDED_TOO_OFTEN", "This was changed 20 times.", null],
] as const)("an answer %s is shown beside its field", (code, message, field) => {
  expect(fieldOf({ code, message })).toBe(field);
});

it("offers the heights that the service knows", () => {
  expect(schemaOf("AmendJob").properties.height?.anyOf).toContainEqual(expect.objectContaining({ enum: HEIGHTS }));
});
