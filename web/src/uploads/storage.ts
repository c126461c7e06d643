/** What the page sends to storage: the presigned form of a small video, the parts of a large one. */
import { ApiError, NETWORK } from "../api/problems";
import type { PartAddress, UploadForm } from "../api/types";
import { TIMING } from "./timing";

/** Tells how many bytes of the video have left. */
export type OnProgress = (sentBytes: number) => void;

export interface Storage {
  postForm(form: UploadForm, file: Blob, onProgress: OnProgress, signal: AbortSignal): Promise<void>;
  putPart(address: PartAddress, part: Blob, onProgress: OnProgress, signal: AbortSignal): Promise<Answer>;
}

export interface Answer {
  status: number;
  text: string;
}

interface Sending {
  method: "POST" | "PUT";
  url: string;
  headers?: Record<string, string>;
  body: Blob | FormData;
}

/** S3's own error codes (their XML `Code`) that mean the file is not the size that was declared. */
const SIZE_CODES = new Set(["EntityTooLarge", "EntityTooSmall"]);

/** S3's XML code, "" where there is none. */
export function codeOf(xml: string): string {
  return /<Code>([^<]*)<\/Code>/.exec(xml)?.[1] ?? "";
}

/** Turns S3's XML refusal of a form into this project's code and a sentence. */
export function refusalOf(status: number, xml: string): ApiError {
  const code = codeOf(xml);
  const message = /<Message>([^<]*)<\/Message>/.exec(xml)?.[1] ?? "";
  if (SIZE_CODES.has(code)) {
    return new ApiError("SIZE_MISMATCH", { key: "sizeChanged" }, status);
  }
  if (/expired/i.test(message) || code === "ExpiredToken") {
    return new ApiError("UPLOAD_EXPIRED", { key: "formExpired" }, status);
  }
  if (status >= 500 || code === "SlowDown" || code === "RequestTimeout") {
    return new ApiError("UNAVAILABLE", { key: "storageBusy" }, status >= 500 ? status : 503);
  }
  return new ApiError("UPLOAD_REFUSED", { key: "storageRefused" }, status);
}

export class S3Storage implements Storage {
  constructor(private readonly makeRequest: () => XMLHttpRequest = () => new XMLHttpRequest()) {}

  /** Posts a file with a presigned form. Rejects with an ApiError, or with the signal's reason when that was aborted. */
  async postForm(form: UploadForm, file: Blob, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    // S3 ignores every field behind the file.
    body.append("file", file);
    // The form's own fields count as sent bytes too.
    const progress = (sent: number) => onProgress(Math.min(sent, file.size));
    const { status, text } = await this.send({ method: "POST", url: form.url, body }, progress, signal);
    if (status < 200 || status >= 300) throw refusalOf(status, text);
  }

  /** Puts one part. What storage answers is the caller's to judge; rejects as `postForm` does where no answer came. */
  putPart({ url, headers }: PartAddress, part: Blob, onProgress: OnProgress, signal: AbortSignal): Promise<Answer> {
    return this.send({ method: "PUT", url, headers, body: part }, onProgress, signal);
  }

  /** XMLHttpRequest, because fetch tells nothing about the progress of what it sends. */
  private send({ method, url, headers = {}, body }: Sending, onProgress: OnProgress, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const request = this.makeRequest();
      let stalled: ReturnType<typeof setTimeout> | undefined;
      const settle = (end: () => void) => {
        clearTimeout(stalled);
        signal.removeEventListener("abort", abort);
        end();
      };
      const broke = () => settle(() => reject(new ApiError(NETWORK, { key: "brokeWhileSending" }, 0)));
      const abort = () => {
        request.abort();
        settle(() => reject(signal.reason as Error));
      };
      // A line that went silent reports nothing by itself, for minutes.
      const expect = (seconds: number) => {
        clearTimeout(stalled);
        stalled = setTimeout(() => {
          request.abort();
          broke();
        }, seconds * 1000);
      };
      signal.addEventListener("abort", abort, { once: true });
      request.upload.onprogress = ({ loaded }) => {
        expect(TIMING.stalledAfter);
        onProgress(loaded);
      };
      request.upload.onload = () => expect(TIMING.answerWithin);
      request.onload = () => settle(() => resolve({ status: request.status, text: request.responseText }));
      request.onerror = broke;
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.send(body);
      expect(TIMING.stalledAfter);
    });
  }
}
