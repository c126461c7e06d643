/** What the page knows of its dives, and how each event changes it. Pure: no clock, no network, no storage. */
import type { Job, MarksGiven, Problem, Status } from "../api/types";
import type { Told } from "../uploads/told";

export type UploadPhase =
  /** Waits for a free lane. */
  | "waiting"
  | "sending"
  | "sent"
  /** Broke off; the file is still here, so it can be tried again. */
  | "broken"
  /** The page was left while it was sent: the file has to be chosen again. */
  | "lost"
  | "none";

export interface Upload {
  phase: UploadPhase;
  sentBytes: number;
  /** Bytes in a second, smoothed; 0 while unknown. */
  speed: number;
  problem?: Problem;
  /** While it is sent: whether it moves, and what it waits for if it does not. */
  told?: Told;
  /** It was lost, and goes on once the same file is chosen. */
  resumable?: boolean;
  /** It goes in parts, and can be stopped without losing what was sent. */
  inParts?: boolean;
}

export interface Dive {
  /** The page's own name for it; a job id comes only with the server's answer. */
  key: string;
  /** Empty for a shared dive, whose file is somebody else's. */
  filename: string;
  sizeBytes: number;
  addedAt: number;
  upload: Upload;
  jobId?: string;
  token?: string;
  job?: Job;
  /** Told here, before or instead of a job: a file of the wrong kind, a refused token. */
  refusal?: Problem;
  /** Opened by a link from somebody else. */
  shared: boolean;
  videoErased: boolean;
  /** What the judges gave, as it was told on this page: the service never tells it again. */
  marks?: MarksGiven;
  /** When the upload ended and when the final state was shown, by this page's clock in milliseconds. */
  sentAt?: number;
  settledAt?: number;
}

export type Dives = readonly Dive[];

export type DiveEvent =
  | { type: "added"; dives: Dive[] }
  | { type: "created"; key: string; jobId: string; token: string; job: Job; inParts: boolean }
  | { type: "told"; key: string; told: Told }
  | { type: "sending"; key: string }
  | { type: "progressed"; key: string; sentBytes: number; speed: number }
  | { type: "sent"; key: string; at: number }
  | { type: "broke"; key: string; problem: Problem }
  /** It is sent again, for the same job. */
  | { type: "requeued"; key: string }
  /** Its job is over and a new one takes its place. */
  | { type: "renewed"; key: string }
  | { type: "replaced"; key: string; filename: string; sizeBytes: number }
  | { type: "turned away"; key: string; problem: Problem }
  | { type: "refused"; jobId: string; problem: Problem }
  | { type: "job"; job: Job; at: number }
  /** The same version with what a push was too small for. */
  | { type: "completed"; job: Job }
  | { type: "erased"; key: string }
  | { type: "marked"; key: string; marks: MarksGiven }
  | { type: "removed"; key: string };

const OPEN: ReadonlySet<Status> = new Set(["AWAITING_UPLOAD", "QUEUED", "PROCESSING"]);
export const FINAL: ReadonlySet<Status> = new Set(["SCORED", "REJECTED", "CANCELLED", "EXPIRED"]);

export function isOpen(job: Job): boolean {
  return OPEN.has(job.status);
}

/** Final for good. A failed job is not: an operator may send it round again, and its page hears of that. */
export function isFinal(job: Job): boolean {
  return FINAL.has(job.status);
}

export function newUpload(phase: UploadPhase): Upload {
  return { phase, sentBytes: 0, speed: 0 };
}

export function reduce(dives: Dives, event: DiveEvent): Dives {
  switch (event.type) {
    case "added":
      return [...event.dives, ...dives];
    case "removed":
      return dives.filter((dive) => dive.key !== event.key);
    case "job":
      return update(dives, (dive) => dive.jobId === event.job.jobId, (dive) => withJob(dive, event.job, event.at));
    case "completed":
      return update(
        dives,
        (dive) => dive.jobId === event.job.jobId && dive.job?.version === event.job.version,
        (dive) => ({ ...dive, job: event.job }),
      );
    case "refused":
      return update(dives, (dive) => dive.jobId === event.jobId, (dive) => ({ ...dive, refusal: event.problem }));
    default:
      return update(dives, (dive) => dive.key === event.key, (dive) => step(dive, event));
  }
}

type OneDive = Exclude<DiveEvent, { type: "added" | "removed" | "job" | "completed" | "refused" }>;

function step(dive: Dive, event: OneDive): Dive {
  switch (event.type) {
    case "created": {
      const { refusal, ...rest } = dive;
      // The answer to a repeated request may be older than what was heard since.
      const job = dive.job !== undefined && dive.job.version > event.job.version ? dive.job : event.job;
      return { ...rest, jobId: event.jobId, token: event.token, job, upload: { ...dive.upload, inParts: event.inParts } };
    }
    case "told":
      if (dive.upload.phase !== "sending") return dive;
      return { ...dive, upload: { ...dive.upload, told: event.told } };
    case "sending":
      return { ...dive, upload: newUpload("sending") };
    case "progressed":
      if (dive.upload.phase !== "sending") return dive;
      return { ...dive, upload: { ...dive.upload, sentBytes: event.sentBytes, speed: event.speed } };
    case "sent":
      return { ...dive, upload: { ...newUpload("sent"), sentBytes: dive.sizeBytes }, sentAt: event.at };
    case "broke":
      return { ...dive, upload: { ...newUpload("broken"), problem: event.problem } };
    case "requeued":
      return { ...dive, upload: newUpload("waiting") };
    case "renewed": {
      // What was known of the old job does not belong to the new one.
      const { job, jobId, token, ...rest } = dive;
      return { ...rest, upload: { ...newUpload(dive.upload.phase), ...(dive.upload.told === undefined ? {} : { told: dive.upload.told }) } };
    }
    case "replaced":
      return { ...dive, filename: event.filename, sizeBytes: event.sizeBytes };
    case "turned away":
      return { ...dive, upload: newUpload("none"), refusal: event.problem };
    case "erased": {
      // The service erases the marks with the video.
      const { marks, ...rest } = dive;
      return { ...rest, videoErased: true };
    }
    case "marked":
      return { ...dive, marks: event.marks };
  }
}

/** Duplicates and late messages are harmless: only a greater version is taken. */
function withJob(dive: Dive, job: Job, at: number): Dive {
  if (dive.job !== undefined && job.version <= dive.job.version) return dive;
  const settled = !isOpen(job) && (dive.job === undefined || isOpen(dive.job));
  const next: Dive = { ...dive, job };
  // Only what was seen to happen is timed: after a reload the first sight of a score says nothing about how long it took.
  if (settled && dive.job !== undefined) next.settledAt = at;
  // The server has the video, whatever this page still believed of its upload.
  if (job.status !== "AWAITING_UPLOAD" && dive.upload.phase === "lost") next.upload = newUpload("none");
  return next;
}

function update(dives: Dives, which: (dive: Dive) => boolean, change: (dive: Dive) => Dive): Dives {
  let changed = false;
  const next = dives.map((dive) => {
    if (!which(dive)) return dive;
    const other = change(dive);
    changed ||= other !== dive;
    return other;
  });
  return changed ? next : dives;
}
