/** What answers and states mean for an upload. */
import type { Action, Refusal } from "./actions";
import { NETWORK, RATE_LIMITED, UNAVAILABLE } from "./codes";

/** States of a job that has had its whole video. */
const ARRIVED: ReadonlySet<string> = new Set(["QUEUED", "PROCESSING", "SCORED", "REJECTED", "FAILED"]);

/** The code of an answer that says nothing against the request, only against its moment; null: it is another. */
export function busyCode({ status, code }: Pick<Refusal, "status" | "code">): string | null {
  if (status === 429) return RATE_LIMITED;
  // S3 says 400 RequestTimeout where a body came too slowly.
  if (status === 408 || code === "RequestTimeout") return NETWORK;
  return status >= 500 ? UNAVAILABLE : null;
}

/** How an upload ends whose job is in this state; null: it goes on. */
export function endBy(status: string): Action | null {
  if (status === "AWAITING_UPLOAD") return null;
  return ARRIVED.has(status) ? { do: "done" } : { do: "failed", code: status };
}
