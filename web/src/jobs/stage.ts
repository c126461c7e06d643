import { standstill } from "../uploads/words";
import type { Dive } from "./state";

/** The stations of a dive's way as the page shows them. */
export const STATIONS = ["Upload", "Queue", "Decode", "Score", "Verdict"] as const;

export type Outcome = "open" | "scored" | "rejected" | "failed" | "cancelled" | "expired" | "broken" | "refused";

export interface Stage {
  outcome: Outcome;
  /** Index into STATIONS of where the dive is. */
  station: number;
  /** Share of the whole way, 0 to 1. */
  fraction: number;
  /** One line in words. */
  label: string;
}

/** Where on the rope each station lies. */
const MARKS = [0, 0.25, 0.5, 0.75, 1] as const;

export function stageOf(dive: Dive): Stage {
  const { job, upload } = dive;
  if (dive.refusal !== undefined) return { outcome: "refused", station: 0, fraction: 0, label: "Not accepted" };
  if (upload.phase === "broken") return at("broken", 0, 0, "Upload broke off");
  if (job === undefined) {
    if (dive.shared || dive.upload.phase === "none") return at("open", 0, 0, "Looking it up…");
    const standing = upload.told === undefined ? null : standstill(upload.told);
    return at("open", 0, 0, upload.phase === "waiting" ? "Waiting to be sent" : (standing ?? "Preparing the upload…"));
  }
  switch (job.status) {
    case "AWAITING_UPLOAD":
      return uploading(dive);
    case "QUEUED":
      return at("open", 1, MARKS[1], queued(job.ahead ?? null));
    case "PROCESSING": {
      const share = job.progress?.fraction ?? 0;
      const scoring = job.progress?.stage === "scoring";
      const label = scoring ? "Scoring" : job.progress?.stage === "decoding" ? "Decoding the video" : "Fetching the video";
      // The server tells the share of the whole attempt; the rope keeps it between the stations of its stage.
      const along = MARKS[2] + (1 - MARKS[2]) * share;
      const fraction = scoring ? Math.min(0.98, Math.max(MARKS[3], along)) : Math.min(MARKS[3], along);
      return at("open", scoring ? 3 : 2, fraction, label);
    }
    case "SCORED":
      return at("scored", 4, 1, "Scored");
    case "REJECTED":
      return at("rejected", 4, 1, "Rejected");
    case "FAILED":
      return at("failed", 4, 1, "Failed");
    case "CANCELLED":
      return at("cancelled", 4, 1, "Cancelled");
    case "EXPIRED":
      return at("expired", 4, 1, "Expired");
  }
}

function uploading(dive: Dive): Stage {
  const { phase, sentBytes, told } = dive.upload;
  const standing = told === undefined ? null : standstill(told);
  const share = dive.sizeBytes > 0 ? sentBytes / dive.sizeBytes : 0;
  if (phase === "sending") return at("open", 0, MARKS[1] * share, standing ?? "Uploading");
  if (phase === "sent") return at("open", 1, MARKS[1], "Uploaded");
  if (phase === "lost") return at("broken", 0, 0, "Upload was interrupted");
  return at("open", 0, 0, phase === "waiting" ? "Waiting to be sent" : "Being uploaded");
}

function queued(ahead: number | null): string {
  if (ahead === null) return "In the queue";
  if (ahead === 0) return "Next in the queue";
  return `In the queue, about ${ahead} before it`;
}

function at(outcome: Outcome, station: number, fraction: number, label: string): Stage {
  return { outcome, station, fraction, label };
}
