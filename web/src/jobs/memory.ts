/** What the browser keeps between visits: the token of each dive, so that its page finds it again. */
import type { MarksGiven, NewJob } from "../api/types";

/** What it takes to go on with an upload: the same request gives the same job. */
export interface Unsent {
  /** Of the file; its bytes a page cannot keep. */
  fingerprint: string;
  idempotencyKey: string;
  wanted: NewJob;
}

export interface Remembered {
  jobId: string;
  token: string;
  filename: string;
  sizeBytes: number;
  addedAt: number;
  expiresAt: string;
  /** The whole file was sent. */
  sent: boolean;
  /** Until it was sent. */
  unsent?: Unsent | undefined;
  videoErased: boolean;
  /** Somebody wanted the video erased, and no answer has come yet. */
  erasing?: boolean;
  /** The job's version after a correction: other tabs watch a scored dive no more, and hear of it so. */
  version?: number;
  /** What the judges gave, as it was told here. */
  marks?: MarksGiven;
}

const PREFIX = "divescore.dive.";

/** One entry per dive, so that two tabs do not overwrite each other's list. */
export class Memory {
  constructor(
    private readonly storage: Storage | null,
    private readonly now: () => number = Date.now,
  ) {}

  /** The dives that the server still keeps, newest first; the others are forgotten. */
  list(): Remembered[] {
    const found: Remembered[] = [];
    for (const key of this.keys()) {
      const value = this.read(key);
      if (value === null || Date.parse(value.expiresAt) <= this.now()) this.storage?.removeItem(key);
      else found.push(value);
    }
    return found.sort((a, b) => b.addedAt - a.addedAt);
  }

  save(entry: Remembered): void {
    try {
      this.storage?.setItem(PREFIX + entry.jobId, JSON.stringify(entry));
    } catch {
      // Storage is full or switched off: the dive lives as long as the page does.
    }
  }

  get(jobId: string): Remembered | null {
    return this.read(PREFIX + jobId);
  }

  change(jobId: string, change: Partial<Remembered>): void {
    const entry = this.read(PREFIX + jobId);
    if (entry !== null) this.save({ ...entry, ...change });
  }

  forget(jobId: string): void {
    this.storage?.removeItem(PREFIX + jobId);
  }

  /** Tells what another tab keeps or drops from now on; null: it forgot the job. */
  listen(target: Pick<Window, "addEventListener">, onChange: (jobId: string, entry: Remembered | null) => void): void {
    target.addEventListener("storage", ({ key }) => {
      if (key?.startsWith(PREFIX)) onChange(key.slice(PREFIX.length), this.read(key));
    });
  }

  private keys(): string[] {
    if (this.storage === null) return [];
    return Array.from({ length: this.storage.length }, (_, index) => this.storage?.key(index) ?? "").filter((key) =>
      key.startsWith(PREFIX),
    );
  }

  private read(key: string): Remembered | null {
    try {
      const value: unknown = JSON.parse(this.storage?.getItem(key) ?? "null");
      if (typeof value === "object" && value !== null && "jobId" in value && "token" in value && "expiresAt" in value) {
        return value as Remembered;
      }
    } catch {
      // Not written by this page: treated as absent.
    }
    return null;
  }
}

/** The browser's storage, or null where the page may not use it (private windows of some browsers throw). */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
