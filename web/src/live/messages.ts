/** The WebSocket's messages, as the page understands them. */
import type { LiveMessage } from "../api/types";

/** Answers to a subscription that asking again would not change: this token will never follow this job. */
export const REFUSALS: ReadonlySet<string> = new Set(["UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "JOB_NOT_FOUND"]);
/** The service cannot answer for now, or has given this connection up: another one may do better. */
export const UNAVAILABLE = "UNAVAILABLE";
/** The connection follows as many jobs as one may. */
export const TOO_MANY_JOBS = "TOO_MANY_JOBS";

/** A message of the service; null when it cannot be understood: whatever it was, the next snapshot repairs it. */
export function parse(data: unknown): LiveMessage | null {
  if (typeof data !== "string") return null;
  let message: Partial<LiveMessage> | null;
  try {
    message = JSON.parse(data) as Partial<LiveMessage> | null;
  } catch {
    return null;
  }
  if (typeof message?.type !== "string") return null;
  if (message.type === "job" && (typeof message.job?.jobId !== "string" || typeof message.job.version !== "number")) return null;
  return message as LiveMessage;
}
