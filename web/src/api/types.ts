/**
 * The shapes of the HTTP and WebSocket API, as the page uses them. Those of the HTTP API are generated from its OpenAPI
 * document (`npm run types`); what a result holds and what travels over the socket is written here.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Status = Schemas["Status"];
export type Problem = Schemas["Problem"];
export type UploadForm = Schemas["UploadForm"];
export type NewJob = Schemas["CreateJob"];
export type Playback = Schemas["VideoAddress"];
export type Share = Schemas["Shared"];
export type ShareRequest = Schemas["ShareJob"];

/** A job whose result is the scorer's. */
export type Job = Omit<Schemas["JobView"], "result"> & { result?: Result | null };
type WithJob<T> = Omit<T, "job"> & { job: Job };
export type CreatedJob = WithJob<Schemas["JobCreated"]>;
export type JobView = WithJob<Schemas["JobRead"]>;
export type ChangedJob = WithJob<Schemas["JobChanged"]>;

export interface DiveClass {
  number: string | null;
  source: "given" | "predicted";
  position: string;
  armstand: boolean;
  rotation: string;
  halfSomersaults: number;
  halfTwists: number;
}

export interface Segment {
  /** Seconds from the start of the video. */
  start: number;
  end: number;
  /** Points; all segments add up to the score. */
  contribution: number;
}

export interface Result {
  score: number;
  execution: number;
  difficulty: number;
  difficultySource: "given" | "predicted" | "dive";
  interval: { low: number; high: number; level: number };
  dive: DiveClass;
  segments: Segment[];
  strip: { contentType: string; frames: number; width: number; height: number; times: number[]; data: string };
  model: { id: string; version: string; sha256: string; architecture: string; trainedOn: string };
  runtime: { precision: string; threads: number; torch: string };
  timings: Record<string, number>;
  video: { width: number; height: number; frames: number; seconds: number; format: string };
  warnings: string[];
}

export type LiveMessage =
  | { type: "job"; job: Job }
  | { type: "unsubscribed"; jobId: string }
  | { type: "pong" }
  | ({ type: "error" } & Problem);
