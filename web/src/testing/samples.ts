import type { Job } from "../api/types";
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
