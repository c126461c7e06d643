/** What an upload tells of itself. */
import type { UploadState } from "./actions";

export interface Told {
  state: UploadState;
  /** The code of what is waited for, "" where there is nothing to say. */
  reason: string;
  /** When it is tried again, by the page's clock in milliseconds; null: nobody knows. */
  until: number | null;
}

/** Whether nobody would read a difference. */
export function sameTold(a: Told | undefined, b: Told): boolean {
  if (a === undefined || a.state !== b.state || a.reason !== b.reason) return false;
  // Two clocks gave it, and they do not agree to the millisecond.
  return a.until === b.until || (a.until !== null && b.until !== null && Math.abs(a.until - b.until) < 1000);
}

/** A moment of the steady clock (seconds) by the page's clock. */
export function onTheClock(steady: number | null): number | null {
  return steady === null ? null : Math.round(Date.now() + steady * 1000 - performance.now());
}
