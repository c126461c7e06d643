import { beforeEach, describe, expect, it, vi } from "vitest";
import { refusalOf, S3Storage } from "./storage";
import { TIMING } from "./timing";

class FakeRequest {
  static last: FakeRequest;
  upload: { onprogress: ((event: { loaded: number }) => void) | null; onload: (() => void) | null } = { onprogress: null, onload: null };
  readonly headers: Record<string, string> = {};
  status = 0;
  responseText = "";
  body: FormData | Blob | null = null;
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;
  opened: [string, string] | null = null;

  constructor() {
    FakeRequest.last = this;
  }
  open(method: string, url: string) {
    this.opened = [method, url];
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  send(body: FormData | Blob) {
    this.body = body;
  }
  abort() {
    this.onabort?.();
  }
  answer(status: number, text = "") {
    this.status = status;
    this.responseText = text;
    this.onload?.();
  }
}

const form = { url: "https://bucket", fields: { key: "uploads/j1/video", policy: "p" }, expiresAt: "" };
const file = new File(["12345"], "dive.webm", { type: "video/webm" });
const storage = new S3Storage(() => new FakeRequest() as unknown as XMLHttpRequest);
let abort: AbortController;

beforeEach(() => {
  abort = new AbortController();
});

describe("posting a file", () => {
  it("sends the form's fields in their order and the file last", async () => {
    const sent = storage.postForm(form, file, () => undefined, abort.signal);
    expect(FakeRequest.last.opened).toEqual(["POST", "https://bucket"]);
    expect([...(FakeRequest.last.body as FormData).keys()]).toEqual(["key", "policy", "file"]);
    FakeRequest.last.answer(204);
    await expect(sent).resolves.toBeUndefined();
  });

  it("tells progress, and never more than the file holds", async () => {
    const seen: number[] = [];
    const sent = storage.postForm(form, file, (sentBytes) => seen.push(sentBytes), abort.signal);
    FakeRequest.last.upload.onprogress?.({ loaded: 3 });
    FakeRequest.last.upload.onprogress?.({ loaded: 700 });
    FakeRequest.last.answer(204);
    await sent;
    expect(seen).toEqual([3, 5]);
  });

  it("rejects with the network's code when the connection breaks", async () => {
    const sent = storage.postForm(form, file, () => undefined, abort.signal);
    FakeRequest.last.onerror?.();
    await expect(sent).rejects.toMatchObject({ code: "NETWORK", status: 0, temporary: true });
  });

  it("stops when told to", async () => {
    const sent = storage.postForm(form, file, () => undefined, abort.signal);
    const stop = vi.spyOn(FakeRequest.last, "abort");
    abort.abort(new DOMException("Cancelled", "AbortError"));
    await expect(sent).rejects.toMatchObject({ name: "AbortError" });
    expect(stop).toHaveBeenCalledOnce();
  });
});

describe("putting a part", () => {
  const address = { number: 2, url: "https://bucket/part?partNumber=2", headers: { "x-amz-checksum-sha256": "hash" } };

  it("sends the bytes with the headers of its address, and gives whatever is answered", async () => {
    const sent = storage.putPart(address, file, () => undefined, abort.signal);
    expect(FakeRequest.last).toMatchObject({ opened: ["PUT", address.url], headers: address.headers, body: file });
    FakeRequest.last.answer(403, "<Code>AccessDenied</Code>");
    await expect(sent).resolves.toEqual({ status: 403, text: "<Code>AccessDenied</Code>" });
  });

  it("gives up a line on which nothing moves, and not one on which something does", async () => {
    vi.useFakeTimers();
    const sent = storage.putPart(address, file, () => undefined, abort.signal);
    const stop = vi.spyOn(FakeRequest.last, "abort");
    const nearly = TIMING.stalledAfter * 1000 - 1;
    vi.advanceTimersByTime(nearly);
    FakeRequest.last.upload.onprogress?.({ loaded: 1 });
    vi.advanceTimersByTime(nearly);
    FakeRequest.last.upload.onload?.();
    vi.advanceTimersByTime(TIMING.answerWithin * 1000 - 1);
    expect(stop).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(stop).toHaveBeenCalledOnce();
    await expect(sent).rejects.toMatchObject({ code: "NETWORK", status: 0 });
    vi.useRealTimers();
  });
});

describe("S3's refusals", () => {
  const xml = (code: string, message = "") => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  it.each([
    [400, xml("EntityTooLarge"), "SIZE_MISMATCH"],
    [400, xml("EntityTooSmall"), "SIZE_MISMATCH"],
    [403, xml("AccessDenied", "Invalid according to Policy: Policy expired."), "UPLOAD_EXPIRED"],
    [403, xml("AccessDenied", "Invalid according to Policy: Policy Condition failed"), "UPLOAD_REFUSED"],
    [400, xml("InvalidPolicyDocument"), "UPLOAD_REFUSED"],
    [503, xml("SlowDown"), "UNAVAILABLE"],
    [500, "", "UNAVAILABLE"],
    [403, "not xml at all", "UPLOAD_REFUSED"],
  ])("%i %s is %s", (status, text, code) => {
    const refusal = refusalOf(status, text);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toMatch(/\.$/);
  });
});
