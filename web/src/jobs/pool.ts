/** Joins the parts: sends files, watches jobs, remembers tokens, and tells its listeners when the list of dives changed. */
import type { HttpApi } from "../api/http";
import { ApiError, found } from "../api/problems";
import type { Amendment, Job, MarksGiven, Playback, Problem } from "../api/types";
import type { LinkState } from "../live/actions";
import { Outbox, randomKey } from "../uploads/outbox";
import type { Storage } from "../uploads/storage";
import type { Declared } from "./declared";
import { problemOf } from "./files";
import type { Memory, Remembered } from "./memory";
import { type Dive, type DiveEvent, type Dives, isFinal, newUpload, reduce } from "./state";
import { readToken } from "./tokens";

/** The part of LiveLink that is used here. */
export interface Watcher {
  watch(jobId: string, token: string, ticketUrl?: string): void;
  unwatch(jobId: string): void;
  nudge(): void;
  close(): void;
}

export interface PoolParts {
  api: Pick<HttpApi, "createJob" | "askForParts" | "complete" | "getJob" | "amend" | "mark" | "erase" | "share" | "playback">;
  storage: Storage;
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

export class Pool {
  private state: PoolState = { dives: [], link: "idle" };
  private readonly listeners = new Set<() => void>();
  /** The files that are on their way, or could be sent again. */
  readonly outbox: Outbox;
  /** Versions of jobs whose result was read once because a part of it was missing. */
  private readonly completed = new Set<string>();
  private readonly link: Watcher;
  private readonly now: () => number;
  private readonly newKey: () => string;

  constructor(private readonly parts: PoolParts) {
    this.now = parts.now ?? Date.now;
    this.newKey = parts.newKey ?? randomKey;
    this.link = parts.link({
      onJob: (job) => this.takeJob(job),
      onState: (link) => this.publish({ ...this.state, link }),
      onRefused: (jobId, problem) => this.takeRefusal(jobId, problem),
    });
    this.outbox = new Outbox({
      ...parts,
      now: this.now,
      dives: () => this.state.dives,
      dispatch: (event) => this.dispatch(event),
      // The socket is open before the upload ends, so that no push has to wait for it.
      watch: ({ jobId, token, live }) => this.link.watch(jobId, token, live.url),
      unwatch: (jobId) => this.link.unwatch(jobId),
      // A line that broke under the upload may have taken the socket with it, without a word.
      arrived: () => this.link.nudge(),
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
      if (dive !== undefined && !this.outbox.holds(dive.key)) this.drop(dive);
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
    const fresh = files.filter((file) => !this.outbox.mayBeMeant(file));
    const dives = fresh.map((file) => this.newDive(file));
    this.dispatch({ type: "added", dives });
    dives.forEach((dive, index) => {
      const file = fresh[index];
      if (file !== undefined && dive.refusal === undefined) this.outbox.add(dive.key, file, declared);
    });
    this.outbox.fill();
    for (const file of files) if (!fresh.includes(file)) void this.goOnWith(file, declared);
  }

  /** Goes on with an interrupted upload by its file. Rejects with an ApiError when it is another one. */
  async takeUp(key: string, file: File): Promise<void> {
    if (!(await this.outbox.takeUp(key, file))) throw new ApiError("OTHER_FILE", { key: "otherFile", values: { name: file.name } }, 0);
  }

  /** Sends all again that broke off, and tries at once what waits for its own time. */
  retryAll(): void {
    this.outbox.wake();
    for (const { key, upload } of this.state.dives) if (upload.phase === "broken") this.outbox.retry(key);
  }

  /** The file of a dive while it is at hand. */
  fileOf(key: string): File | null {
    return this.outbox.fileOf(key);
  }

  /** Stops an upload or an open job; the server erases what it has of the video. */
  async cancel(key: string): Promise<void> {
    const dive = this.find(key);
    this.outbox.drop(key);
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

  /** Forgets a dive on this page. The server is told only where it would wait for a video that does not come. */
  remove(key: string): void {
    const dive = this.find(key);
    this.outbox.drop(key);
    if (dive === undefined) return;
    if (dive.job?.status === "AWAITING_UPLOAD" && !dive.shared && dive.upload.phase !== "none") this.outbox.giveUp(dive);
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

  private newDive(file: File): Dive {
    const refusal = problemOf(file, this.parts.maxUploadBytes);
    return {
      key: this.newKey(),
      filename: file.name,
      sizeBytes: file.size,
      addedAt: this.now(),
      upload: newUpload(refusal === null ? "waiting" : "none"),
      shared: false,
      videoErased: false,
      ...(refusal === null ? {} : { refusal }),
    };
  }

  /** A file that looks like one whose upload was interrupted: goes on with that, or else sends it as a new dive. */
  private async goOnWith(file: File, declared: Declared): Promise<void> {
    if (await this.outbox.takeUpAny(file)) return;
    const dive = this.newDive(file);
    this.dispatch({ type: "added", dives: [dive] });
    this.outbox.add(dive.key, file, declared);
    this.outbox.fill();
  }

  private takeJob(job: Job): void {
    this.dispatch({ type: "job", job, at: this.now() });
    if (isFinal(job)) this.link.unwatch(job.jobId);
    const dive = this.state.dives.find(({ jobId }) => jobId === job.jobId);
    if (dive !== undefined) this.outbox.heard(dive.key, job);
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
    upload: { ...newUpload(entry.sent ? "sent" : "lost"), resumable: entry.unsent !== undefined },
    shared: false,
    videoErased: entry.videoErased,
    ...(entry.marks === undefined || entry.videoErased ? {} : { marks: entry.marks }),
  };
}
