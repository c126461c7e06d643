import { known, t } from "../i18n";
import type en from "../messages/en.json";
import type { Problem } from "./types";

/** A sentence of the page's own about a problem. */
export interface Words {
  key: keyof typeof en.problem;
  values?: Readonly<Record<string, string | number>>;
}

/** A problem that the page itself found. */
export function found(code: string, key: Words["key"], values: Words["values"] = {}): Problem {
  const words = { key, values };
  return { code, message: said(words), words };
}

/** What to tell of a problem: the page's own words, else the service's, in the reader's language where that is known. */
export function sentence(problem: Problem): string {
  return problem.words === undefined ? (known(`server.${problem.code}`) ?? problem.message) : said(problem.words);
}

function said({ key, values }: Words): string {
  return t(`problem.${key}`, { ...values });
}

/** A call that did not give what was asked: a code, a sentence, and what the server said about trying again. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Where the page itself says what is wrong, and not the service. */
  readonly words?: Words;

  constructor(
    readonly code: string,
    message: string | Words,
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    /** Seconds after which the server will listen again, when it said so. */
    readonly retryAfter?: number,
  ) {
    super(typeof message === "string" ? message : said(message));
    if (typeof message !== "string") this.words = message;
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
  return new ApiError(NETWORK, { key: "noAnswer" }, 0);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof ApiError) {
    const { code, message, words } = error;
    return words === undefined ? { code, message } : { code, message, words };
  }
  return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
}
