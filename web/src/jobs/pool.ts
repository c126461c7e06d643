/** Joins the parts: sends files, watches jobs, remembers tokens, and tells its listeners when the list of dives changed. */
import type { HttpApi } from "../api/http";
import { ApiError, asProblem, found, NETWORK } from "../api/problems";
import type { Amendment, Job, MarksGiven, NewJob, Playback, Problem, UploadForm } from "../api/types";
import { type UploadProgress } from "../api/upload";
import type { LinkState } from "../live/actions";
import type { Declared } from "./declared";
import { changed, contentTypeOf, FILE_CHANGED, isUnchanged, problemOf, problemOfBytes } from "./files";
import type { Memory, Remembered } from "./memory";
import { Speedometer } from "./speed";
import { type Dive, type DiveEvent, type Dives, isFinal, newUpload, reduce } from "./state";
import { readToken } from "./tokens";

export type PostFile = (
  form: UploadForm,
  file: Blob,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
) => Promise<void>;

/** The part of LiveLink that is used here. */
export interface Watcher {
  watch(jobId: string, token: string, ticketUrl?: string): void;
  unwatch(jobId: string): void;
  close(): void;
}

export interface PoolParts {
  api: Pick<HttpApi, "createJob" | "getJob" | "amend" | "mark" | "erase" | "share" | "playback">;
  postFile: PostFile;
  /** The largest file that the service takes. */
  maxUploadBytes: number;
  memory: Memory;
  link: (handlers: LinkHandlers) => Watcher;
  now?: () => number;
  newKey?: () => string;
}

export interface LinkHandlers {
  onJob: (job: Job) => void;
  onState: (state: LinkState) => void;
  onRefused: (jobId: string, problem: Problem) => void;
}

export interface PoolState {
  dives: Dives;
  link: LinkState;
}

interface Cargo {
  file: File;
  declared: Declared;
  abort: AbortController;
  idempotencyKey: string;
}

/** Uploads at the same time: more would only share the same line. */
const LANES = 2;
/** Times a broken upload is tried again by itself, and how long it waits before each. */
const RETRY_WAITS_MS = [1_000, 4_000];

export class Pool {
  private state: PoolState = { dives: [], link: "idle" };
  private readonly listeners = new Set<() => void>();
  private readonly cargo = new Map<string, Cargo>();
  /** Versions of jobs whose result was read once because a part of it was missing. */
  private readonly completed = new Set<string>();
  private readonly link: Watcher;
  private readonly now: () => number;
  private readonly newKey: () => string;
  private underWay = 0;

  constructor(private readonly parts: PoolParts) {
    this.now = parts.now ?? Date.now;
    this.newKey = parts.newKey ?? randomKey;
    this.link = parts.link({
      onJob: (job) => this.takeJob(job),
      onState: (link) => this.publish({ ...this.state, link }),
      onRefused: (jobId, problem) => this.takeRefusal(jobId, problem),
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): PoolState => this.state;

  /** Brings back what this browser sent before; every token is subscribed, so each dive shows its present state. */
  recall(): void {
    const entries = this.parts.memory.list();
    const dives = entries.map(recalled);
    if (dives.length === 0) return;
    this.dispatch({ type: "added", dives });
    for (const { jobId, token, erasing } of entries) {
      this.link.watch(jobId, token);
      if (erasing === true) this.erase(jobId).catch(() => undefined); // and so does the one after it
    }
  }

  /** What another tab of this browser keeps of a dive, or (null) that it was removed there. */
  hear(jobId: string, entry: Remembered | null): void {
    const dive = this.state.dives.find((known) => known.jobId === jobId);
    if (entry === null) {
      // An upload of this tab that was given up is forgotten too, and its card stays: it offers to try again.
      if (dive !== undefined && !this.cargo.has(dive.key)) this.drop(dive);
    } else if (dive === undefined) {
      // Until the whole file was sent it is the other tab's to say how it goes.
      this.dispatch({ type: "added", dives: [{ ...recalled(entry), upload: newUpload("none") }] });
      this.link.watch(jobId, entry.token);
    } else {
      if (entry.videoErased && !dive.videoErased) this.dispatch({ type: "erased", key: dive.key });
      else if (entry.marks !== undefined) this.dispatch({ type: "marked", key: dive.key, marks: entry.marks });
      // Corrected there: its snapshot is asked for, since a scored dive is watched no more.
      if (dive.job !== undefined && (entry.version ?? 0) > dive.job.version) this.link.watch(jobId, entry.token);
    }
  }

  /** Watches somebody else's dive by the token of a share link. */
  watchShared(token: string): void {
    const jobId = readToken(token)?.jobId;
    const dive: Dive = {
      key: this.newKey(),
      filename: "",
      sizeBytes: 0,
      addedAt: this.now(),
      upload: newUpload("none"),
      token,
      shared: true,
      videoErased: false,
    };
    if (jobId === undefined) {
      const refusal = found("UNAUTHORIZED", "linkDamaged");
      this.dispatch({ type: "added", dives: [{ ...dive, refusal }] });
      return;
    }
    this.dispatch({ type: "added", dives: [{ ...dive, jobId }] });
    this.link.watch(jobId, token);
  }

  /** Takes files from the picker or a drop; what cannot be scored is told at once and not sent. */
  add(files: readonly File[], declared: Declared): void {
    const dives = files.map((file): Dive => {
      const key = this.newKey();
      const refusal = problemOf(file, this.parts.maxUploadBytes);
      if (refusal === null) {
        this.cargo.set(key, { file, declared, abort: new AbortController(), idempotencyKey: randomKey() });
      }
      return {
        key,
        filename: file.name,
        sizeBytes: file.size,
        addedAt: this.now(),
        upload: newUpload(refusal === null ? "waiting" : "none"),
        shared: false,
        videoErased: false,
        ...(refusal === null ? {} : { refusal }),
      };
    });
    this.dispatch({ type: "added", dives });
    this.fillLanes();
  }

  /** Sends a broken upload again, as a new job. */
  retry(key: string): void {
    const cargo = this.cargo.get(key);
    if (cargo === undefined) return;
    this.cargo.set(key, { ...cargo, abort: new AbortController(), idempotencyKey: randomKey() });
    this.dispatch({ type: "requeued", key });
    this.fillLanes();
  }

  /** Sends another file, or the same one as it is now, in place of one that changed: a new job on the same card. */
  replace(key: string, file: File): void {
    const cargo = this.cargo.get(key);
    if (cargo === undefined) return;
    this.cargo.set(key, { ...cargo, file });
    this.dispatch({ type: "replaced", key, filename: file.name, sizeBytes: file.size });
    this.retry(key);
  }

  /** True while the file is at hand, so that it can be sent (again). */
  holdsFile(key: string): boolean {
    return this.cargo.has(key);
  }

  /** The file of a dive while it is at hand. */
  fileOf(key: string): File | null {
    return this.cargo.get(key)?.file ?? null;
  }

  /** Stops an upload or an open job; the server erases what it has of the video. */
  async cancel(key: string): Promise<void> {
    const cargo = this.cargo.get(key);
    const dive = this.find(key);
    cargo?.abort.abort(new DOMException("Cancelled", "AbortError"));
    this.cargo.delete(key);
    if (dive?.jobId === undefined) {
      this.dispatch({ type: "removed", key });
      return;
    }
    await this.erase(key);
  }

  /** Erases the video on the server now; cancels the job if it is still open. Rejects with an ApiError. */
  async erase(key: string): Promise<void> {
    const dive = this.find(key);
    if (dive?.jobId === undefined || dive.token === undefined) return;
    // If the page is left before the answer comes, the next visit asks again.
    this.parts.memory.change(dive.jobId, { erasing: true });
    const { job } = await this.parts.api.erase(dive.jobId, dive.token);
    this.parts.memory.change(dive.jobId, { erasing: false, videoErased: true });
    this.dispatch({ type: "erased", key });
    this.takeJob(job);
  }

  /** Corrects what was declared of a scored dive; gives the job with its new score. Rejects with an ApiError. */
  async amend(key: string, change: Amendment): Promise<Job> {
    const { jobId, token } = this.own(key);
    const { job } = await this.parts.api.amend(jobId, token, change);
    this.takeJob(job);
    this.parts.memory.change(jobId, { version: job.version });
    return job;
  }

  /** Gives what the judges gave to the service, with the consent of whoever called this. Rejects with an ApiError. */
  async mark(key: string, marks: MarksGiven): Promise<void> {
    const { jobId, token } = this.own(key);
    await this.parts.api.mark(jobId, token, { ...marks, consent: true });
    this.parts.memory.change(jobId, { marks });
    this.dispatch({ type: "marked", key, marks });
  }

  private own(key: string): { jobId: string; token: string } {
    const dive = this.find(key);
    if (dive?.jobId === undefined || dive.token === undefined) throw new Error("no job yet");
    return { jobId: dive.jobId, token: dive.token };
  }

  /** Forgets a dive on this page; the server is not asked. */
  remove(key: string): void {
    const dive = this.find(key);
    this.cargo.get(key)?.abort.abort(new DOMException("Removed", "AbortError"));
    this.cargo.delete(key);
    if (dive === undefined) return;
    if (dive.jobId !== undefined && !dive.shared) this.parts.memory.forget(dive.jobId);
    this.drop(dive);
  }

  private drop(dive: Dive): void {
    if (dive.jobId !== undefined) this.link.unwatch(dive.jobId);
    this.dispatch({ type: "removed", key: dive.key });
  }

  async shareLink(key: string): Promise<string> {
    const dive = this.find(key);
    if (dive?.jobId === undefined || dive.token === undefined) throw new ApiError("NO_JOB", { key: "noJob" }, 0);
    return (await this.parts.api.share(dive.jobId, dive.token, !dive.videoErased)).url;
  }

  async playback(key: string): Promise<Playback> {
    const dive = this.find(key);
    if (dive?.jobId === undefined || dive.token === undefined) throw new ApiError("NO_JOB", { key: "noJob" }, 0);
    return this.parts.api.playback(dive.jobId, dive.token);
  }

  /** True while leaving the page would lose an upload. */
  get sending(): boolean {
    return this.state.dives.some(
      ({ upload, job }) =>
        (upload.phase === "waiting" || upload.phase === "sending") && (job === undefined || job.status === "AWAITING_UPLOAD"),
    );
  }

  private fillLanes(): void {
    // The list shows the newest first; the first file that was chosen is sent first.
    const waiting = this.state.dives.filter((dive) => dive.upload.phase === "waiting" && this.cargo.has(dive.key));
    for (const dive of waiting.slice(0, LANES - this.underWay)) {
      this.underWay += 1;
      this.dispatch({ type: "sending", key: dive.key });
      void this.send(dive.key).finally(() => {
        this.underWay -= 1;
        this.fillLanes();
      });
    }
  }

  private async send(key: string): Promise<void> {
    const cargo = this.cargo.get(key);
    if (cargo === undefined) return;
    const { file, declared, abort } = cargo;
    const wanted: NewJob = {
      filename: file.name,
      contentType: contentTypeOf(file.type),
      sizeBytes: file.size,
      ...declared,
    };
    let jobId: string | undefined;
    let token: string | undefined;
    try {
      const problem = await this.problemOfFile(file);
      if (problem !== null) {
        this.cargo.delete(key);
        this.dispatch({ type: "turned away", key, problem });
        return;
      }
      const created = await this.again(abort.signal, () => this.parts.api.createJob(wanted, cargo.idempotencyKey));
      ({ jobId, token } = created);
      if (abort.signal.aborted) {
        await this.parts.api.erase(jobId, token);
        return;
      }
      this.dispatch({ type: "created", key, jobId, token, job: created.job });
      this.parts.memory.save({
        jobId,
        token,
        filename: file.name,
        sizeBytes: file.size,
        addedAt: this.find(key)?.addedAt ?? this.now(),
        expiresAt: created.job.expiresAt,
        sent: false,
        videoErased: false,
      });
      // The socket is open before the upload ends, so that no push has to wait for it.
      this.link.watch(jobId, token, created.live.url);
      await this.again(abort.signal, () => {
        const speedometer = new Speedometer(this.now());
        return this.parts.postFile(
          created.upload,
          file,
          ({ sentBytes }) =>
            this.dispatch({ type: "progressed", key, sentBytes, speed: speedometer.read(sentBytes, this.now()) }),
          abort.signal,
        );
      }, file);
      this.parts.memory.change(jobId, { sent: true });
      this.dispatch({ type: "sent", key, at: this.now() });
      this.cargo.delete(key);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.dispatch({ type: "broke", key, problem: await this.problemOfUpload(error, file) });
      if (jobId !== undefined && token !== undefined) await this.abandon(jobId, token);
    }
  }

  private async problemOfFile(file: File): Promise<Problem | null> {
    try {
      return await problemOfBytes(file);
    } catch {
      throw new ApiError(FILE_CHANGED, { key: "changed", values: { name: file.name } }, 0);
    }
  }

  /** A file that changed breaks its upload in ways that look like the network's or the storage's. */
  private async problemOfUpload(error: unknown, file: File): Promise<Problem> {
    const problem = asProblem(error);
    const changes = problem.code === "SIZE_MISMATCH" || !(await isUnchanged(file));
    return changes ? changed(file.name) : problem;
  }

  /** The upload of this job will not come any more: tells the server, which else would wait for it. */
  private async abandon(jobId: string, token: string): Promise<void> {
    this.link.unwatch(jobId);
    this.parts.memory.forget(jobId);
    try {
      await this.parts.api.erase(jobId, token);
    } catch (error) {
      // Out of reach just now. The server lets the job expire by itself.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Runs a call, and again after a break of the network. */
  private async again<T>(signal: AbortSignal, call: () => Promise<T>, file?: File): Promise<T> {
    for (const wait of RETRY_WAITS_MS) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== NETWORK) throw error;
        if (file !== undefined && !(await isUnchanged(file))) throw error;
        await pause(wait, signal);
      }
    }
    return call();
  }

  private takeJob(job: Job): void {
    this.dispatch({ type: "job", job, at: this.now() });
    if (isFinal(job)) this.link.unwatch(job.jobId);
    const dive = this.state.dives.find(({ jobId }) => jobId === job.jobId);
    if (dive?.token !== undefined && job.result && !job.result.strip) void this.complete(job, dive.token);
  }

  /** Reads what a push leaves out when it would be too large. The verdict is shown without it meanwhile. */
  private async complete(job: Job, token: string): Promise<void> {
    const version = `${job.jobId} ${job.version}`;
    if (this.completed.has(version)) return;
    this.completed.add(version);
    try {
      this.dispatch({ type: "completed", job: (await this.parts.api.getJob(job.jobId, token)).job });
    } catch (error) {
      // The pictures are missing, and the next visit asks for them again.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private takeRefusal(jobId: string, problem: Problem): void {
    this.parts.memory.forget(jobId);
    this.dispatch({ type: "refused", jobId, problem });
  }

  private find(key: string): Dive | undefined {
    return this.state.dives.find((dive) => dive.key === key);
  }

  private dispatch(event: DiveEvent): void {
    const dives = reduce(this.state.dives, event);
    if (dives !== this.state.dives) this.publish({ ...this.state, dives });
  }

  private publish(state: PoolState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function recalled(entry: Remembered): Dive {
  return {
    key: entry.jobId,
    jobId: entry.jobId,
    token: entry.token,
    filename: entry.filename,
    sizeBytes: entry.sizeBytes,
    addedAt: entry.addedAt,
    upload: newUpload(entry.sent ? "sent" : "lost"),
    shared: false,
    videoErased: entry.videoErased,
    ...(entry.marks === undefined || entry.videoErased ? {} : { marks: entry.marks }),
  };
}

/** 128 random bits. `crypto.randomUUID` would do, but some browsers keep it from pages on plain http://….localhost. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
