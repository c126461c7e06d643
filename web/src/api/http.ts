import { ApiError, noAnswer } from "./problems";
import type { Amendment, ChangedJob, CreatedJob, JobView, MarkJob, NewJob, PartsAnswer, PartToSend, Playback, Share, ShareRequest } from "./types";

interface Call {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  path: string;
  token?: string;
  body?: unknown;
  idempotencyKey?: string;
}

/** As long as the gateway in front of the service waits for it; a line that went silent reports nothing by itself. */
const ANSWERS_WITHIN_MS = 30_000;

/** The HTTP API of one stack. Every method rejects with an ApiError. */
export class HttpApi {
  constructor(
    private readonly base: string,
    private readonly fetchFn: typeof fetch = (...args) => fetch(...args),
  ) {}

  /** The same key with the same body gives the same job, so that a retry after a lost answer makes no second one. */
  createJob(job: NewJob, idempotencyKey: string): Promise<CreatedJob> {
    return this.call({ method: "POST", path: "/jobs", body: job, idempotencyKey });
  }

  getJob(jobId: string, token: string): Promise<JobView> {
    return this.call({ method: "GET", path: `/jobs/${encodeURIComponent(jobId)}`, token });
  }

  playback(jobId: string, token: string): Promise<Playback> {
    return this.call({ method: "GET", path: `/jobs/${encodeURIComponent(jobId)}/video`, token });
  }

  /** A link to watch the job with, and to play its video too if `video`. */
  share(jobId: string, token: string, video: boolean): Promise<Share> {
    const body: ShareRequest = { scopes: video ? ["read", "video"] : ["read"] };
    return this.call({ method: "POST", path: `/jobs/${encodeURIComponent(jobId)}/share`, token, body });
  }

  /** Which parts of a large video are there, and addresses for those that are named and are not. */
  askForParts(jobId: string, token: string, parts: PartToSend[]): Promise<PartsAnswer> {
    return this.call({ method: "POST", path: `/jobs/${encodeURIComponent(jobId)}/parts`, token, body: { parts } });
  }

  /** Has the video made of its parts; may be repeated. */
  complete(jobId: string, token: string): Promise<ChangedJob> {
    return this.call({ method: "POST", path: `/jobs/${encodeURIComponent(jobId)}/complete`, token });
  }

  /** Corrects what was declared; of a scored dive the score is counted again. */
  amend(jobId: string, token: string, change: Amendment): Promise<ChangedJob> {
    return this.call({ method: "PATCH", path: `/jobs/${encodeURIComponent(jobId)}`, token, body: change });
  }

  /** Keeps what the judges gave, over what was given before. */
  mark(jobId: string, token: string, marks: MarkJob): Promise<ChangedJob> {
    return this.call({ method: "PUT", path: `/jobs/${encodeURIComponent(jobId)}/marks`, token, body: marks });
  }

  /** Cancels an open job; erases the video in any case. */
  erase(jobId: string, token: string): Promise<ChangedJob> {
    return this.call({ method: "DELETE", path: `/jobs/${encodeURIComponent(jobId)}`, token });
  }

  private async call<T>({ method, path, token, body, idempotencyKey }: Call): Promise<T> {
    const headers = new Headers();
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("content-type", "application/json");
    if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), ANSWERS_WITHIN_MS);
    let answer: Response;
    let value: unknown;
    try {
      answer = await this.fetchFn(this.base + path, {
        method,
        headers,
        cache: "no-store",
        // What is erased as the page is left must still reach the service.
        keepalive: method === "DELETE",
        signal: silence.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      value = await answer.json().catch(() => null);
    } catch {
      throw noAnswer();
    } finally {
      clearTimeout(timer);
    }
    if (!answer.ok) throw errorOf(answer, value);
    // Every success has a body: this one was cut off on its way.
    if (value === null) throw noAnswer();
    return value as T;
  }
}

function errorOf(answer: Response, value: unknown): ApiError {
  const retryAfter = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const wait = Number.isFinite(retryAfter) ? retryAfter : undefined;
  if (typeof value === "object" && value !== null && "error" in value) {
    const { code, message } = value.error as { code?: unknown; message?: unknown };
    if (typeof code === "string" && typeof message === "string") {
      return new ApiError(code, message, answer.status, wait);
    }
  }
  // The gateway in front of the functions answers in its own form, for instance when it throttles.
  const code = answer.status === 429 ? "RATE_LIMITED" : answer.status >= 500 ? "UNAVAILABLE" : "REFUSED";
  return new ApiError(code, { key: "noReasonStatus", values: { status: answer.status } }, answer.status, wait);
}
