/** The watched jobs, and what the socket still owes for each. */
export interface Watch {
  readonly jobId: string;
  readonly token: string;
  version: number;
  /** When the subscription now awaiting its answer was sent. */
  askedAt: number | null;
}

/** Watches by job, and the order in which the open socket subscribes them, at most `atOnce` without an answer. */
export class Watchlist extends Map<string, Watch> {
  private unsent: string[] = [];
  private parked: string[] = [];

  constructor(public atOnce: number) {
    super();
  }

  /** Watch a job; it is subscribed before those that are only being refreshed. */
  add(jobId: string, token: string): void {
    this.set(jobId, { jobId, token, version: 0, askedAt: null });
    this.unsent.unshift(jobId);
  }

  /** There is another socket, and nothing is subscribed on it. */
  startOver(): void {
    this.unsent = [...this.keys()];
    this.parked = [];
    for (const watch of this.values()) watch.askedAt = null;
  }

  /** Subscribe all again. */
  refresh(): void {
    this.unsent.push(...[...this.keys()].filter((jobId) => !this.unsent.includes(jobId)));
  }

  /** The connection has no room for this one until it is rid of another. */
  park(watch: Watch): void {
    watch.askedAt = null;
    this.parked.push(watch.jobId);
  }

  /** The connection follows one job less: there is room for one of those that were parked. */
  makeRoom(): void {
    const next = this.parked.shift();
    if (next !== undefined) this.unsent.push(next);
  }

  /** Those whose subscription awaits its answer. */
  asked(): Watch[] {
    return [...this.values()].filter((watch) => watch.askedAt !== null);
  }

  /** When the oldest of those was sent; infinity when there is none. */
  askedSince(): number {
    return Math.min(...this.asked().map((watch) => watch.askedAt ?? Infinity));
  }

  /** Whose subscription an answer is for: the job's that it names, or else the only one that awaits an answer. */
  meant(jobId: string | undefined): Watch | undefined {
    if (jobId !== undefined) return this.get(jobId);
    const asked = this.asked();
    return asked.length === 1 ? asked[0] : undefined;
  }

  /** Those to subscribe now; they count as asked. */
  ask(now: number): Watch[] {
    const asking: Watch[] = [];
    const free = this.atOnce - this.asked().length;
    while (this.unsent.length > 0 && asking.length < free) {
      const watch = this.get(this.unsent.shift() ?? "");
      if (watch === undefined || watch.askedAt !== null) continue;
      watch.askedAt = now;
      asking.push(watch);
    }
    return asking;
  }
}
