/** Holds requests of one kind back after a failure: for longer with each in a row, and for as long as the other side says. */
import { backoff, type Timing } from "./timing";

export class Gate {
  /** The code of what closed it last. */
  reason = "";
  /** Failures in a row. */
  failures = 0;
  /** The end of our own back-off, and of the time for which the other side asked us to stay away. */
  private retryAt = 0;
  private heldUntil = 0;

  constructor(
    private readonly timing: Timing,
    private readonly chance: () => number,
  ) {}

  /** When it opens; null: it is open. */
  closedUntil(now: number): number | null {
    const until = Math.max(this.retryAt, this.heldUntil);
    return until > now ? until : null;
  }

  /** A request failed. Those that fail while it is closed, as parts do together when a line breaks, are one failure. */
  shut(reason: string, now: number, retryAfter = 0): void {
    this.reason = reason;
    this.heldUntil = Math.max(this.heldUntil, now + retryAfter);
    if (this.retryAt > now) return;
    this.retryAt = now + backoff(this.timing, this.failures, this.chance());
    this.failures += 1;
  }

  /** A request succeeded. */
  passed(): void {
    this.failures = 0;
  }

  /** Opens before its own time; what the other side asked for is kept. */
  startOver(): void {
    this.retryAt = 0;
    this.failures = 0;
  }
}
