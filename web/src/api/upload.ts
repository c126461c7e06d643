import { ApiError, NETWORK } from "./problems";
import type { UploadForm } from "./types";

export interface UploadProgress {
  sentBytes: number;
  totalBytes: number;
}

/** S3's own error codes (their XML `Code`) that mean the file is not the size that was declared. */
const SIZE_CODES = new Set(["EntityTooLarge", "EntityTooSmall"]);

/** Turns S3's XML refusal of a form into this project's code and a sentence. */
export function refusalOf(status: number, xml: string): ApiError {
  const code = /<Code>([^<]*)<\/Code>/.exec(xml)?.[1] ?? "";
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

/**
 * Posts a file with a presigned form, telling how far it is.
 *
 * XMLHttpRequest, because fetch tells nothing about the progress of what it sends. Rejects with an ApiError, or with the
 * signal's reason when that was aborted.
 */
export function postFile(
  form: UploadForm,
  file: Blob,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
  makeRequest: () => XMLHttpRequest = () => new XMLHttpRequest(),
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = makeRequest();
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    // S3 ignores every field behind the file.
    body.append("file", file);
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    const settle = (end: () => void) => {
      signal.removeEventListener("abort", abort);
      end();
    };
    request.upload.onprogress = (event) => {
      // The form's own fields count as sent bytes too.
      onProgress({ sentBytes: Math.min(event.loaded, file.size), totalBytes: file.size });
    };
    request.onload = () =>
      settle(() => {
        if (request.status >= 200 && request.status < 300) resolve();
        else reject(refusalOf(request.status, request.responseText));
      });
    request.onerror = () =>
      settle(() => reject(new ApiError(NETWORK, { key: "brokeWhileSending" }, 0)));
    request.onabort = () => settle(() => reject(signal.reason as Error));
    request.open("POST", form.url);
    request.send(body);
  });
}
