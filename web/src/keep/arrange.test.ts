import { expect, it } from "vitest";
import { aDive, aJob, aResult } from "../testing/samples";
import { arrange, EVERYTHING } from "./arrange";

const scored = (key: string, filename: string, score: number) =>
  aDive({ key, filename, upload: { phase: "sent", sentBytes: 1, speed: 0 }, job: aJob({ jobId: key, status: "SCORED", result: aResult({ score }) }) });
const DIVES = [
  aDive({ key: "open", filename: "dive 10.mp4" }),
  scored("good", "dive 2.mp4", 91),
  aDive({ key: "bad", filename: "notes.txt", upload: { phase: "none", sentBytes: 0, speed: 0 }, refusal: { code: "UNSUPPORTED_TYPE", message: "" } }),
  scored("fair", "Training.mp4", 60),
];

it.each([
  [{}, ["open", "good", "bad", "fair"]],
  [{ order: "oldest" }, ["fair", "bad", "good", "open"]],
  [{ order: "best" }, ["good", "fair", "open", "bad"]],
  [{ order: "name" }, ["good", "open", "bad", "fair"]],
  [{ kind: "open" }, ["open"]],
  [{ kind: "scored" }, ["good", "fair"]],
  [{ kind: "unscored" }, ["bad"]],
  [{ text: "TRAIN" }, ["fair"]],
  [{ text: "207c dive" }, ["good"]],
  [{ text: "3½ tuck", order: "best" }, ["good", "fair"]],
  [{ text: "nothing like it" }, []],
] as const)("%j shows %j", (wish, keys) => {
  expect(arrange(DIVES, { ...EVERYTHING, ...wish }).map(({ key }) => key)).toEqual(keys);
});
