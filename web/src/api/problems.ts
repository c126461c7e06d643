import type { Problem } from "./types";

/** A call that did not give what was asked: a code, a sentence, and what the server said about trying again. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly code: string,
    message: string,
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    /** Seconds after which the server will listen again, when it said so. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }

  /** True when this token will never open this job: asking again is pointless. */
  get refused(): boolean {
    return this.status === 401 || this.status === 403 || this.status === 404;
  }

  /** True when the same call may well succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const NETWORK = "NETWORK";

export function noAnswer(): ApiError {
  return new ApiError(NETWORK, "The server could not be reached. Check the connection and try again.", 0);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof ApiError) return { code: error.code, message: error.message };
  return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
}
