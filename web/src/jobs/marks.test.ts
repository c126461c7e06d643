import { describe, expect, it } from "vitest";
import en from "../messages/en.json";
import { schemaOf } from "../testing/facts";
import { HIGHEST, JUDGES, readMarks } from "./marks";

const marks = (...typed: string[]) => readMarks({ kind: "marks", marks: typed, total: "" });

describe("judges' marks", () => {
  it("of seven lose the two highest and the two lowest", () => {
    const reading = marks("8.5", "8,5", "8", "9", "8.5", "8.5", "7.5");
    expect(reading.given).toEqual({ marks: [8.5, 8.5, 8, 9, 8.5, 8.5, 7.5] });
    expect(reading.execution).toBe(25.5);
    expect(reading.dropped.size).toBe(4);
    expect(reading.dropped.has(6)).toBe(true);
  });

  it("of five lose one at each end, and go as the execution that they come to", () => {
    const reading = marks("6", "7", "", "7.5", "8", "9", "");
    expect(reading).toMatchObject({ given: { execution: 22.5 }, execution: 22.5, trouble: null });
    expect(reading.dropped).toEqual(new Set([0, 5]));
  });

  it.each([
    [["8", "8.25", "8", "8", "8"], new Set([1])],
    [["8", "8", "10.5", "8", "-1"], new Set([2, 4])],
    [["eight", "8", "8", "8", "8"], new Set([0])],
  ])("%j are told where they are no halves from 0 to 10", (typed, wrong) => {
    expect(marks(...typed)).toMatchObject({ given: null, trouble: "halves", wrong });
  });

  it.each([[[]], [["8"]], [["8", "8", "8", "8", "8", "8"]]])("%j are neither five nor seven", (typed) => {
    expect(marks(...typed)).toMatchObject({ given: null, trouble: "count" });
  });
});

describe("a total", () => {
  it.each([
    ["execution", "25.5", { execution: 25.5 }],
    ["score", "84,15", { score: 84.15 }],
  ] as const)("%s %s is given as it is", (kind, total, given) => {
    expect(readMarks({ kind, marks: [], total }).given).toEqual(given);
  });

  it.each([
    ["execution", "31"],
    ["score", ""],
    ["score", "-1"],
    ["execution", "many"],
  ] as const)("%s %s is none", (kind, total) => {
    expect(readMarks({ kind, marks: [], total })).toMatchObject({ given: null, trouble: "total" });
  });
});

it("keeps to the bounds of the service", () => {
  const { marks, execution, score } = schemaOf("MarkJob").properties;
  expect(marks?.anyOf).toContainEqual(expect.objectContaining({ minItems: JUDGES, maxItems: JUDGES }));
  expect(execution?.anyOf).toContainEqual(expect.objectContaining({ maximum: HIGHEST.execution }));
  expect(score?.anyOf).toContainEqual(expect.objectContaining({ maximum: HIGHEST.score }));
});

it("asks for consent in the service's own words", () => {
  expect(schemaOf("MarkJob").properties.consent?.description).toBe(en.marks.consent);
});
