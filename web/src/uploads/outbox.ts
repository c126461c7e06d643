/** The files that are on their way, or could be sent again: which goes first, and what becomes of each. */
import { ApiError, asProblem, found } from "../api/problems";
import type { CreatedJob, Job, NewJob, Problem } from "../api/types";
import type { Declared } from "../jobs/declared";
import { changed, contentTypeOf, isUnchanged, problemOfBytes } from "../jobs/files";
import type { Memory } from "../jobs/memory";
import type { Dive, DiveEvent, Dives } from "../jobs/state";
import { FILE_CHANGED } from "./codes";
import { fingerprint } from "./fingerprint";
import { type Cargo, JobOver, Upload, type UploadPorts } from "./upload";
import { wordsFor } from "./words";

/** Uploads at the same time: more would only share the same line. */
const LANES = 2;
/** Of files this large one at a time: it has three connections of its own, and browsers allow six. */
const LARGE_BYTES = 16 * 2 ** 20;

export interface OutboxPorts extends UploadPorts {
  memory: Memory;
  dives: () => Dives;
  dispatch: (event: DiveEvent) => void;
  /** The job is there, and its news may come. */
  watch: (created: CreatedJob) => void;
  unwatch: (jobId: string) => void;
  /** An upload is there that was interrupted on its way. */
  arrived: () => void;
  now: () => number;
}

export class Outbox {
  private readonly cargo = new Map<string, Cargo>();
  private readonly underWay = new Map<string, Upload>();
  private away = false;

  constructor(private readonly ports: OutboxPorts) {}

  /** Sends a file for a dive that is on the list. */
  add(key: string, file: File, declared: Declared): void {
    this.cargo.set(key, { file, idempotencyKey: randomKey(), fingerprint: "", wanted: { ...wantedOf(file), ...declared } });
  }

  /** True while the file is at hand, so that it can be sent (again). */
  holds(key: string): boolean {
    return this.cargo.has(key);
  }

  /** The file of a dive while it is at hand. */
  fileOf(key: string): File | null {
    return this.cargo.get(key)?.file ?? null;
  }

  /** Whether this may be the file of an interrupted upload: by its name and size. */
  mayBeMeant(file: File): boolean {
    return this.interrupted(file).length > 0;
  }

  /** Goes on with the interrupted upload that this is the file of; false if there is none. */
  async takeUpAny(file: File): Promise<boolean> {
    for (const { key } of this.interrupted(file)) if (await this.takeUp(key, file)) return true;
    return false;
  }

  /** Goes on with an interrupted upload; false if this is not its file. */
  async takeUp(key: string, file: File): Promise<boolean> {
    const dive = this.find(key);
    const unsent = this.ports.memory.get(dive?.jobId ?? "")?.unsent;
    if (dive?.upload.phase !== "lost" || unsent === undefined) return false;
    if ((await fingerprint(file).catch(() => null)) !== unsent.fingerprint) return false;
    this.cargo.set(key, { file, ...unsent });
    this.retry(key);
    return true;
  }

  /** Sends a broken upload again, for the same job. */
  retry(key: string): void {
    if (!this.cargo.has(key) || this.underWay.has(key)) return;
    this.ports.dispatch({ type: "requeued", key });
    this.fill();
  }

  /** Sends another file, or the same one as it is now, in place of one that changed: a new job on the same card. */
  replace(key: string, file: File): void {
    const cargo = this.cargo.get(key);
    if (cargo === undefined) return;
    this.giveUp(this.find(key));
    this.cargo.set(key, { ...cargo, file, idempotencyKey: randomKey(), wanted: { ...cargo.wanted, ...wantedOf(file) } });
    this.ports.dispatch({ type: "replaced", key, filename: file.name, sizeBytes: file.size });
    this.ports.dispatch({ type: "renewed", key });
    this.retry(key);
  }

  pause(key: string): void {
    this.underWay.get(key)?.pause();
    this.fill();
  }

  resume(key: string): void {
    this.underWay.get(key)?.resume();
  }

  /** Lets go of a file; what is being sent of it stops. */
  drop(key: string): void {
    this.underWay.get(key)?.cancel();
    this.cargo.delete(key);
  }

  heard(key: string, job: Job): void {
    this.underWay.get(key)?.heard(job.status);
  }

  offline(): void {
    this.away = true;
    for (const upload of this.underWay.values()) upload.offline();
  }

  online(): void {
    this.away = false;
    this.wake();
  }

  /** The page is looked at again: what waits for its own time is tried now. */
  wake(): void {
    if (this.away) return;
    for (const upload of this.underWay.values()) upload.online();
  }

  /** Starts what has a free lane. */
  fill(): void {
    // The list shows the newest first; the first file that was chosen is sent first.
    for (const dive of [...this.ports.dives()].sort((a, b) => a.addedAt - b.addedAt)) {
      if (dive.upload.phase !== "waiting" || !this.cargo.has(dive.key)) continue;
      const moving = this.ports.dives().filter(({ key, upload }) => this.underWay.has(key) && upload.told?.state !== "paused");
      if (moving.length >= LANES) return;
      if (dive.sizeBytes > LARGE_BYTES && moving.some(({ sizeBytes }) => sizeBytes > LARGE_BYTES)) continue;
      this.start(dive.key);
    }
  }

  private start(key: string): void {
    const cargo = this.cargo.get(key);
    if (cargo === undefined) return;
    const { dispatch } = this.ports;
    const upload = new Upload(
      cargo,
      this.ports,
      {
        onCreated: (created, inParts) => this.created(key, cargo, created, inParts),
        onProgress: (sentBytes, speed) => dispatch({ type: "progressed", key, sentBytes, speed }),
        onTold: (told) => dispatch({ type: "told", key, told }),
      },
      this.away,
    );
    this.underWay.set(key, upload);
    dispatch({ type: "sending", key });
    void this.send(key, cargo, upload).finally(() => {
      this.underWay.delete(key);
      this.fill();
    });
  }

  private async send(key: string, cargo: Cargo, upload: Upload): Promise<void> {
    const { dispatch, memory, now } = this.ports;
    try {
      const problem = await problemOfBytes(cargo.file).catch(() => changed(cargo.file.name));
      if (problem !== null && problem.code !== FILE_CHANGED) {
        this.cargo.delete(key);
        dispatch({ type: "turned away", key, problem });
        return;
      }
      if (problem !== null) throw new ApiError(problem.code, problem.words ?? problem.message, 0);
      cargo.fingerprint = await fingerprint(cargo.file);
      await upload.run();
      memory.change(this.find(key)?.jobId ?? "", { sent: true, unsent: undefined });
      dispatch({ type: "sent", key, at: now() });
      if (upload.interrupted) this.ports.arrived();
      this.cargo.delete(key);
    } catch (error) {
      if (upload.cancelled) return;
      if (error instanceof JobOver) this.renew(key, cargo, error.created);
      else dispatch({ type: "broke", key, problem: await problemOfUpload(error, cargo.file) });
    }
  }

  private created(key: string, { file, wanted, idempotencyKey, fingerprint }: Cargo, created: CreatedJob, inParts: boolean): void {
    const { jobId, token, job } = created;
    this.ports.dispatch({ type: "created", key, jobId, token, job, inParts });
    this.ports.memory.save({
      jobId,
      token,
      filename: file.name,
      sizeBytes: file.size,
      addedAt: this.find(key)?.addedAt ?? this.ports.now(),
      expiresAt: job.expiresAt,
      sent: false,
      unsent: { fingerprint, idempotencyKey, wanted },
      videoErased: false,
    });
    this.ports.watch(created);
  }

  /** Asks for another job in place of one whose time has passed. */
  private renew(key: string, cargo: Cargo, over: CreatedJob): void {
    this.giveUp(over);
    cargo.idempotencyKey = randomKey();
    this.ports.dispatch({ type: "renewed", key });
    this.ports.dispatch({ type: "requeued", key });
  }

  /** The video of this job will not come any more: tells the server, which else would wait for it. */
  giveUp(job: { jobId?: string; token?: string } | undefined): void {
    if (job?.jobId === undefined || job.token === undefined) return;
    this.ports.unwatch(job.jobId);
    this.ports.memory.forget(job.jobId);
    // Out of reach just now: the server lets the job expire by itself.
    this.ports.api.erase(job.jobId, job.token).catch(() => undefined);
  }

  private interrupted({ name, size }: File): Dive[] {
    return this.ports.dives().filter(({ upload, filename, sizeBytes }) => upload.phase === "lost" && filename === name && sizeBytes === size);
  }

  private find(key: string): Dive | undefined {
    return this.ports.dives().find((dive) => dive.key === key);
  }
}

function wantedOf(file: File): Pick<NewJob, "filename" | "contentType" | "sizeBytes"> {
  return { filename: file.name, contentType: contentTypeOf(file.type), sizeBytes: file.size };
}

/** A file that changed breaks its upload in ways that look like the network's or the storage's. */
async function problemOfUpload(error: unknown, file: File): Promise<Problem> {
  const problem = asProblem(error);
  const changes = problem.code === "SIZE_MISMATCH" || problem.code === FILE_CHANGED || !(await isUnchanged(file));
  return changes ? changed(file.name) : problem.message === "" ? found(problem.code, wordsFor(problem.code)) : problem;
}

/** 128 random bits. `crypto.randomUUID` would do, but some browsers keep it from pages on plain http://….localhost. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
