/** What the live connection wants done, and how it says that it fares. */
import type { Job } from "../api/types";

/**
 * How news arrives at this moment. "live": the service has said something over the socket; "offline": nothing answers,
 * not even HTTP; "reading": sockets are blocked here, jobs are read over HTTP.
 */
export type LinkState = "idle" | "connecting" | "live" | "reconnecting" | "offline" | "reading";

export type Action =
  /** Open a socket; report `opened` or `failed`. */
  | { do: "open"; url: string }
  /** Close the socket, or stop opening it, and report nothing more of it. */
  | { do: "close"; reason: string }
  | { do: "subscribe"; jobId: string; token: string }
  | { do: "unsubscribe"; jobId: string }
  /** Read the job over HTTP; report `read`, `refused` or `unreachable`. */
  | { do: "read"; jobId: string; token: string }
  /** A newer version of a watched job; `pushed` over the socket, or else read over HTTP. */
  | { do: "changed"; job: Job; pushed: boolean }
  /** This token may not follow this job, for good; it is watched no more. */
  | { do: "refused"; jobId: string; code: string; message: string }
  /** The service did not accept a message, for a reason that is not the token's. */
  | { do: "complaint"; code: string; message: string; jobId: string | undefined }
  | { do: "state"; state: LinkState; reason: string };
