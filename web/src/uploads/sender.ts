/** Sends a large file in parts: the shell around `multipart.ts`, which decides everything. Here are the file, the timers and the calls. */
import { ApiError } from "../api/problems";
import type { PartAddress, PartsAnswer, PartsPlan, PartToSend } from "../api/types";
import { Speedometer } from "../jobs/speed";
import { isUnchanged } from "../jobs/files";
import type { Action, Call } from "./actions";
import { sha256 } from "./fingerprint";
import { MultipartUpload } from "./multipart";
import { type Answer, codeOf, type OnProgress } from "./storage";
import { onTheClock, sameTold, type Told } from "./told";

export interface SenderOptions {
  file: Blob;
  plan: Pick<PartsPlan, "partSize" | "count">;
  ask: (parts: PartToSend[]) => Promise<PartsAnswer>;
  put: (address: PartAddress, part: Blob, onProgress: OnProgress, signal: AbortSignal) => Promise<Answer>;
  complete: () => Promise<unknown>;
  onProgress: (sentBytes: number, speed: number) => void;
  onTold: (told: Told) => void;
}

/** An address is not used in its last seconds: it may end on the way. */
const MARGIN_S = 30;

export class PartsSender {
  private readonly upload: MultipartUpload;
  private readonly addresses = new Map<number, PartAddress>();
  private readonly puts = new Map<number, { abort: AbortController; sent: number }>();
  private speedometer = new Speedometer(performance.now());
  private readonly ending: Promise<void>;
  private end: { done: () => void; failed: (error: ApiError) => void } | null = null;
  private alarm: ReturnType<typeof setTimeout> | undefined;
  private told: Told | undefined;
  private sent = 0;

  constructor(private readonly options: SenderOptions) {
    this.upload = new MultipartUpload(options.plan.count);
    this.ending = new Promise((done, failed) => {
      this.end = { done, failed };
    });
  }

  /** Resolves when the service has the video. Rejects with an ApiError; never settles after `cancel`. */
  run(): Promise<void> {
    this.report((now) => this.upload.tick(now));
    return this.ending;
  }

  pause(): void {
    this.report((now) => this.upload.pause(now));
  }

  resume(): void {
    this.report((now) => this.upload.resume(now));
  }

  offline(): void {
    this.report((now) => this.upload.offline(now));
  }

  online(): void {
    this.report((now) => this.upload.online(now));
  }

  heard(status: string): void {
    this.report(() => this.upload.heard(status));
  }

  cancel(): void {
    this.report(() => this.upload.cancel());
  }

  /** Tells the upload what happened, does what it wants, and wakes it when it wants to. */
  private report(event: (now: number) => void): void {
    event(performance.now() / 1000);
    const actions = this.upload.actions();
    for (const action of actions) this.perform(action);
    clearTimeout(this.alarm);
    const wakeAt = this.upload.wakeAt();
    if (wakeAt !== null) {
      this.alarm = setTimeout(() => this.report((now) => this.upload.tick(now)), Math.max(0, wakeAt * 1000 - performance.now()));
    }
    const state = actions.findLast((action) => action.do === "state");
    this.tell({ state: "sending", reason: "", ...this.told, ...state, until: onTheClock(wakeAt) });
  }

  private perform(action: Action): void {
    switch (action.do) {
      case "hash":
        void this.hash(action.part);
        break;
      case "ask":
        void this.ask(action.parts);
        break;
      case "put":
        void this.put(action.part);
        break;
      case "abort":
        for (const part of action.parts) this.puts.get(part)?.abort.abort(new DOMException("Stopped", "AbortError"));
        break;
      case "complete":
        void this.complete();
        break;
      case "done":
        this.end?.done();
        break;
      case "failed":
        this.end?.failed(new ApiError(action.code, action.message ?? "", 0));
    }
  }

  private async hash(number: number): Promise<void> {
    try {
      const hash = await sha256(this.piece(number));
      this.report((now) => this.upload.hashed(number, hash, now));
    } catch {
      this.report(() => this.upload.unreadable());
    }
  }

  private async ask(parts: PartToSend[]): Promise<void> {
    try {
      const { present, addresses } = await this.options.ask(parts);
      for (const address of addresses) this.addresses.set(address.number, address);
      const validFor = Math.min(...addresses.map(secondsOf)) - MARGIN_S;
      this.report((now) => this.upload.addressed(present, addresses.map(({ number }) => number), validFor, now));
    } catch (error) {
      this.failed("ask", error);
    }
    this.progressed();
  }

  private async put(number: number): Promise<void> {
    const address = this.addresses.get(number);
    if (address === undefined) throw new RangeError(`part ${number}`);
    const put = { abort: new AbortController(), sent: 0 };
    this.puts.set(number, put);
    const onProgress = (sent: number) => {
      put.sent = sent;
      this.progressed();
    };
    try {
      const { status, text } = await this.options.put(address, this.piece(number), onProgress, put.abort.signal);
      this.puts.delete(number);
      if (status >= 200 && status < 300) this.report((now) => this.upload.stored(number, now));
      else this.report((now) => this.upload.refused("put", { status, code: codeOf(text) }, now, number));
    } catch (error) {
      this.puts.delete(number);
      if (put.abort.signal.aborted) return;
      // A browser that may not read the file any more says the same as one whose line broke.
      if (await isUnchanged(this.options.file)) this.failed("put", error, number);
      else this.report(() => this.upload.unreadable());
    }
    this.progressed();
  }

  private async complete(): Promise<void> {
    try {
      await this.options.complete();
      this.report(() => this.upload.completed());
    } catch (error) {
      this.failed("complete", error);
    }
  }

  private failed(call: Call, error: unknown, number?: number): void {
    if (!(error instanceof ApiError)) throw error;
    const { status, code, message, retryAfter } = error;
    if (status === 0) this.report((now) => this.upload.unreachable(call, now, number));
    else this.report((now) => this.upload.refused(call, { status, code, message, ...(retryAfter === undefined ? {} : { retryAfter }) }, now, number));
  }

  private piece(number: number): Blob {
    const { file, plan } = this.options;
    return file.slice((number - 1) * plan.partSize, number * plan.partSize);
  }

  private progressed(): void {
    const stored = this.upload.present().reduce((sum, number) => sum + this.piece(number).size, 0);
    const sent = [...this.puts.values()].reduce((sum, put) => sum + put.sent, stored);
    // What has to be sent again says nothing of the line's pace: that is measured anew.
    if (sent < this.sent) this.speedometer = new Speedometer(performance.now(), sent);
    this.sent = sent;
    this.options.onProgress(sent, this.speedometer.read(sent, performance.now()));
  }

  private tell(told: Told): void {
    if (sameTold(this.told, told)) return;
    this.told = told;
    this.options.onTold(told);
  }
}

/** How long S3 takes an address for good, in seconds, as the address itself says. */
function secondsOf({ url }: PartAddress): number {
  const seconds = Number(new URL(url).searchParams.get("X-Amz-Expires") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : Infinity;
}
