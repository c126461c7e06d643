import { describe, expect, it } from "vitest";
import { NOTHING, question, read } from "./declared";

describe("what is declared", () => {
  it("reads a number and a difficulty, with a comma too", () => {
    expect(read({ dive: " 107b ", difficulty: "3,0" })).toMatchObject({
      declared: { dive: "107B", difficulty: 3 },
      diveTrouble: false,
      difficultyTrouble: false,
    });
  });

  it.each(["0.9", "6.1", "three", "1e9"])("finds %s no difficulty", (difficulty) => {
    expect(read({ dive: "", difficulty })).toMatchObject({ declared: {}, difficultyTrouble: true });
  });
});

describe("what is asked before sending", () => {
  it.each([
    [NOTHING, 1, null],
    [NOTHING, 5, null],
    [{ dive: "107B", difficulty: "" }, 1, null],
    [{ dive: "999Z", difficulty: "" }, 1, "999Z is no dive number."],
    [{ dive: "", difficulty: "77" }, 2, "77 is no difficulty."],
    [{ dive: "107B", difficulty: "3.0" }, 3, "107B, difficulty 3.0: is that every one of these 3 videos?"],
  ] as const)("%j with %i videos: %s", (fields, count, expected) => {
    expect(question(fields, count)?.text ?? null).toBe(expected);
  });
});
