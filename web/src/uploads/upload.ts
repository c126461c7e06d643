/** One file on its way: asks for a job, then sends a form or parts. It can be stopped, and goes on with the same job. */
import type { HttpApi } from "../api/http";
import { ApiError } from "../api/problems";
import type { CreatedJob, NewJob, PartsPlan, Status, UploadForm } from "../api/types";
import { isUnchanged } from "../jobs/files";
import { Speedometer } from "../jobs/speed";
import { FILE_CHANGED } from "./codes";
import { Persistence } from "./persistence";
import { PartsSender } from "./sender";
import type { Storage } from "./storage";
import type { Told } from "./told";

export interface Cargo {
  file: File;
  wanted: NewJob;
  /** The same one gives the same job. */
  idempotencyKey: string;
  fingerprint: string;
}

export interface UploadPorts {
  api: Pick<HttpApi, "createJob" | "askForParts" | "complete" | "erase">;
  storage: Storage;
}

export interface UploadEvents {
  onCreated: (created: CreatedJob, inParts: boolean) => void;
  onProgress: (sentBytes: number, speed: number) => void;
  onTold: (told: Told) => void;
}

/** The job that the request gave takes no video any more: another one has to be asked for. */
export class JobOver extends Error {
  constructor(readonly created: CreatedJob) {
    super("JobOver");
  }
}

const OVER: ReadonlySet<Status> = new Set(["CANCELLED", "EXPIRED"]);
/** The codes by which the service and storage say that the time of an upload has passed. */
const TOO_LATE = "UPLOAD_EXPIRED";

export class Upload {
  private readonly abort = new AbortController();
  private readonly persistence: Persistence;
  private sender: PartsSender | null = null;
  private paused = false;
  /** Whether it stood still on its way. */
  interrupted = false;

  constructor(
    private readonly cargo: Cargo,
    private readonly ports: UploadPorts,
    private readonly events: UploadEvents,
    private away: boolean,
  ) {
    this.persistence = new Persistence((told) => this.told(told), this.abort.signal);
    if (away) this.persistence.offline();
  }

  get cancelled(): boolean {
    return this.abort.signal.aborted;
  }

  /** Resolves when the video is there. Rejects with JobOver, an ApiError, or the reason of having been cancelled. */
  async run(): Promise<void> {
    const { wanted, idempotencyKey } = this.cargo;
    const created = await this.persistence.run(() => this.ports.api.createJob(wanted, idempotencyKey));
    if (this.cancelled) {
      await this.ports.api.erase(created.jobId, created.token);
      this.abort.signal.throwIfAborted();
    }
    if (OVER.has(created.job.status)) throw new JobOver(created);
    const { upload } = created;
    this.events.onCreated(created, "parts" in upload);
    if (created.job.status !== "AWAITING_UPLOAD") return;
    try {
      if ("parts" in upload) await this.sendParts(created, upload.parts);
      else await this.postForm(upload);
    } catch (error) {
      throw error instanceof ApiError && error.code === TOO_LATE ? new JobOver(created) : error;
    }
  }

  pause(): void {
    this.paused = true;
    this.persistence.pause();
    this.sender?.pause();
  }

  /** Goes on, and at once where it waits for its own time. */
  resume(): void {
    this.paused = false;
    this.persistence.resume();
    this.sender?.resume();
  }

  offline(): void {
    this.away = true;
    this.persistence.offline();
    this.sender?.offline();
  }

  online(): void {
    this.away = false;
    this.persistence.online();
    this.sender?.online();
  }

  heard(status: Status): void {
    this.sender?.heard(status);
  }

  cancel(): void {
    this.abort.abort(new DOMException("Cancelled", "AbortError"));
    this.sender?.cancel();
  }

  private told(told: Told): void {
    this.interrupted ||= told.state !== "sending";
    this.events.onTold(told);
  }

  private async postForm(form: UploadForm): Promise<void> {
    const { file } = this.cargo;
    await this.persistence.run(async (signal) => {
      const speedometer = new Speedometer(performance.now());
      const onProgress = (sent: number) => this.events.onProgress(sent, speedometer.read(sent, performance.now()));
      try {
        await this.ports.storage.postForm(form, file, onProgress, signal);
      } catch (error) {
        // A browser that may not read the file any more says the same as one whose line broke.
        if (!signal.aborted && !(await isUnchanged(file))) throw new ApiError(FILE_CHANGED, "", 0);
        throw error;
      }
    });
  }

  private async sendParts({ jobId, token }: CreatedJob, plan: PartsPlan): Promise<void> {
    if (globalThis.isSecureContext === false) throw new ApiError("NO_HASHING", { key: "insecure" }, 0);
    const { api, storage } = this.ports;
    this.sender = new PartsSender({
      file: this.cargo.file,
      plan,
      ask: (parts) => api.askForParts(jobId, token, parts),
      put: (address, part, onProgress, signal) => storage.putPart(address, part, onProgress, signal),
      complete: () => api.complete(jobId, token),
      onProgress: this.events.onProgress,
      onTold: (told) => this.told(told),
    });
    if (this.paused) this.sender.pause();
    if (this.away) this.sender.offline();
    const cancelled = new Promise<never>((_, reject) => {
      this.abort.signal.addEventListener("abort", () => reject(this.abort.signal.reason as Error), { once: true });
    });
    await Promise.race([this.sender.run(), cancelled]);
  }
}
