import { standstill } from "../uploads/words";
import { t } from "../i18n";
import type { Dive } from "./state";

/** The stations of a dive's way as the page shows them. */
export const STATIONS = ["upload", "queue", "decode", "score", "verdict"] as const;

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
  if (dive.refusal !== undefined) return { outcome: "refused", station: 0, fraction: 0, label: t("stage.refused") };
  if (upload.phase === "broken") return at("broken", 0, 0, t("stage.brokeOff"));
  if (job === undefined) {
    if (dive.shared || dive.upload.phase === "none") return at("open", 0, 0, t("stage.lookingUp"));
    const standing = upload.told === undefined ? null : standstill(upload.told);
    return at("open", 0, 0, upload.phase === "waiting" ? t("stage.waiting") : (standing ?? t("stage.preparing")));
  }
  switch (job.status) {
    case "AWAITING_UPLOAD":
      return uploading(dive);
    case "QUEUED":
      return at("open", 1, MARKS[1], queued(job.ahead ?? null));
    case "PROCESSING": {
      const share = job.progress?.fraction ?? 0;
      const scoring = job.progress?.stage === "scoring";
      const label = scoring ? t("stage.scoring") : job.progress?.stage === "decoding" ? t("stage.decoding") : t("stage.fetching");
      // The server tells the share of the whole attempt; the rope keeps it between the stations of its stage.
      const along = MARKS[2] + (1 - MARKS[2]) * share;
      const fraction = scoring ? Math.min(0.98, Math.max(MARKS[3], along)) : Math.min(MARKS[3], along);
      return at("open", scoring ? 3 : 2, fraction, label);
    }
    case "SCORED":
      return at("scored", 4, 1, t("stage.scored"));
    case "REJECTED":
      return at("rejected", 4, 1, t("stage.rejected"));
    case "FAILED":
      return at("failed", 4, 1, t("stage.failed"));
    case "CANCELLED":
      return at("cancelled", 4, 1, t("stage.cancelled"));
    case "EXPIRED":
      return at("expired", 4, 1, t("stage.expired"));
  }
}

function uploading(dive: Dive): Stage {
  const { phase, sentBytes, told } = dive.upload;
  const standing = told === undefined ? null : standstill(told);
  const share = dive.sizeBytes > 0 ? sentBytes / dive.sizeBytes : 0;
  if (phase === "sending") return at("open", 0, MARKS[1] * share, standing ?? t("stage.uploading"));
  if (phase === "sent") return at("open", 1, MARKS[1], t("stage.uploaded"));
  if (phase === "lost") return at("broken", 0, 0, t("stage.interrupted"));
  return at("open", 0, 0, phase === "waiting" ? t("stage.waiting") : t("stage.beingUploaded"));
}

function queued(ahead: number | null): string {
  if (ahead === null) return t("stage.queued");
  if (ahead === 0) return t("stage.next");
  return t("stage.queuedBehind", { count: ahead });
}

function at(outcome: Outcome, station: number, fraction: number, label: string): Stage {
  return { outcome, station, fraction, label };
}
