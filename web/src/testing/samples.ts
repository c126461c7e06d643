import type { Job, Result } from "../api/types";
import { type Dive, newUpload } from "../jobs/state";

export function aJob(change: Partial<Job>): Job {
  return {
    jobId: "j1",
    status: "AWAITING_UPLOAD",
    version: 1,
    createdAt: "2026-11-23T07:00:00.000Z",
    updatedAt: "2026-11-23T07:00:00.000Z",
    expiresAt: "2026-11-30T07:00:00.000Z",
    ...change,
  };
}

export function aResult(change: Partial<Result>): Result {
  return {
    score: 84.15,
    execution: 25.5,
    difficulty: 3.3,
    difficultySource: "dive",
    interval: { low: 70, high: 95, level: 0.9 },
    dive: {
      number: "207C",
      source: "given",
      position: "tuck",
      armstand: false,
      rotation: "back",
      halfSomersaults: 7,
      halfTwists: 0,
    },
    segments: [{ start: 0, end: 4.12, contribution: 84.15 }],
    strip: { contentType: "image/jpeg", frames: 2, width: 4, height: 3, times: [0, 4], data: "" },
    model: { id: "divescore-mini", version: "1", sha256: "0", architecture: "mini-focus", trainedOn: "synthetic" },
    runtime: { precision: "fp32", threads: 1, torch: "2" },
    timings: {},
    video: { width: 320, height: 240, frames: 103, seconds: 4.12, format: "mp4" },
    warnings: [],
    ...change,
  };
}

export function aDive(change: Partial<Dive>): Dive {
  return {
    key: "k1",
    filename: "dive.webm",
    sizeBytes: 1000,
    addedAt: 0,
    upload: newUpload("waiting"),
    shared: false,
    videoErased: false,
    ...change,
  };
}

/** A token that reads like the server's; nothing here checks signatures. */
export function aToken(jobId: string, scopes = "read video cancel share"): string {
  return `h.${btoa(JSON.stringify({ sub: jobId, scope: scopes }))}.s`;
}
