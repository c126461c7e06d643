import { expect, it } from "vitest";
import { aDive, aJob, aResult } from "./testing/samples";
import { titleOf } from "./title";

const scored = aDive({ key: "s", settledAt: 5, job: aJob({ status: "SCORED", result: aResult({ score: 84.15 }) }) });
const queued = aDive({ key: "q", filename: "b.mp4", upload: { phase: "sent", sentBytes: 1, speed: 0 }, job: aJob({ status: "QUEUED" }) });

it.each([
  ["no dive", [], "Divescore"],
  ["a score that has come", [scored], "84.15 points · dive.webm – Divescore"],
  ["the newest open one of several", [scored, queued, aDive({ filename: "c.mp4" })], "In the queue · b.mp4 – Divescore"],
  ["a score from before this visit", [aDive({ job: aJob({ status: "SCORED", result: aResult({}) }) })], "Divescore"],
])("for %s", (_name, dives, title) => {
  expect(titleOf(dives)).toBe(title);
});
