/** The shapes of the HTTP and WebSocket API, as the page uses them. */

export type Status =
  | "AWAITING_UPLOAD"
  | "QUEUED"
  | "PROCESSING"
  | "SCORED"
  | "REJECTED"
  | "FAILED"
  | "CANCELLED"
  | "EXPIRED";

export interface Problem {
  code: string;
  message: string;
}

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

export interface Job {
  jobId: string;
  status: Status;
  version: number;
  createdAt: string;
  updatedAt: string;
  expiresAt: string;
  progress?: { stage: string; fraction: number } | null;
  ahead?: number | null;
  result?: Result | null;
  error?: (Problem & { retryable?: boolean }) | null;
}

export interface UploadForm {
  url: string;
  fields: Record<string, string>;
  expiresAt: string;
}

export interface NewJob {
  filename: string;
  contentType: string;
  sizeBytes: number;
  dive?: string;
  difficulty?: number;
}

export interface CreatedJob {
  jobId: string;
  token: string;
  upload: UploadForm;
  live: { url: string };
  job: Job;
}

export interface JobView {
  job: Job;
  live: { url: string };
}

export interface Playback {
  url: string;
  expiresAt: string;
}

export interface Share {
  token: string;
  url: string;
}

export type LiveMessage =
  | { type: "job"; job: Job }
  | { type: "unsubscribed"; jobId: string }
  | { type: "pong" }
  | ({ type: "error" } & Problem);
