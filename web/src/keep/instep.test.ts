import { expect, it } from "vitest";
import { aResult } from "../testing/samples";
import { commonSpan, takeOffOf } from "./instep";

const film = (seconds: number, start?: number) =>
  aResult({
    video: { width: 320, height: 240, frames: 100, seconds, format: "mp4" },
    ...(start === undefined ? {} : { aspects: { flaws: [], measures: [], phases: [{ name: "flight" as const, start, end: seconds }] } }),
  });

it("finds the take-off, and the start where there is none", () => {
  expect([film(4, 1.2), film(4)].map(takeOffOf)).toEqual([1.2, 0]);
});

it("plays what both films show", () => {
  expect(commonSpan([film(4, 1), film(5, 2.5)])).toEqual({ start: -1, end: 2.5 });
});
