/** Holds requests of one kind back after a failure: for longer with each in a row, and for as long as the other side says. */
import type { Patience } from "./timing";

export class Gate {
  /** The code of what closed it last. */
  reason = "";
  /** In a row. */
  private failures = 0;
  /** The end of our own back-off, and of the time for which the other side asked us to stay away. */
  private retryAt = 0;
  private heldUntil = 0;

  constructor(private readonly patience: Patience) {}

  /** Whether it is time to give up. */
  get exhausted(): boolean {
    return this.failures >= this.patience.tries;
  }

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
    const { timing, chance } = this.patience;
    const longest = Math.min(timing.longestBackoff, timing.firstBackoff * 2 ** this.failures);
    this.retryAt = now + longest * (0.5 + 0.5 * chance());
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
