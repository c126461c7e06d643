/** What an upload of parts wants done, and how it says that it fares. Parts are numbered from 1, as S3 does. */

/** "waiting": nothing moves until the time is over that `wakeAt` tells. */
export type UploadState = "sending" | "waiting" | "paused" | "offline";

export type Action =
  /** Hash this part of the file; report `hashed` or `unreadable`. */
  | { do: "hash"; part: number }
  /** Ask the service for these parts' addresses; report `addressed`, `refused` or `unreachable`. */
  | { do: "ask"; parts: { number: number; sha256: string }[] }
  /** Send this part to the address that came last for it; report `stored`, `refused` or `unreachable`. */
  | { do: "put"; part: number }
  /** Stop sending these parts, and report nothing more of them. */
  | { do: "abort"; parts: number[] }
  /** Ask the service to make the video of the parts; report `completed`, `refused` or `unreachable`. */
  | { do: "complete" }
  /** `reason`: the code of what is waited for, "" where there is nothing to say. */
  | { do: "state"; state: UploadState; reason: string }
  | { do: "done" }
  /** It goes no further by itself; what is stored stays so. `message`: the other side's sentence, where it gave one. */
  | { do: "failed"; code: string; message?: string };

/** Which request an answer is about. */
export type Call = "ask" | "put" | "complete";

/** An answer that is none of success: the HTTP status, the code in it, and the seconds of its Retry-After. */
export interface Refusal {
  status: number;
  code?: string;
  message?: string;
  retryAfter?: number;
}
