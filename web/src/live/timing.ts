/** The waits of the live connection; tests/contract/live-scenarios/timing.json holds the Python client to the same ones. */
export interface Timing {
  /** In seconds, as all of these but the counts. */
  firstBackoff: number;
  longestBackoff: number;
  /** A connection that lived shorter than this does not reset the back-off: something accepts us and hangs up. */
  provenAfter: number;
  /** Repairs a lost subscription and keeps the gateway from closing an idle connection after ten minutes. */
  resubscribeEvery: number;
  /** The gateway ends every connection after two hours; leave before, at a time of our own. */
  renewAfter: number;
  renewSpread: number;
  answerWithin: number;
  /** Subscriptions that await their answers at the same time: as many as one connection may have, in one round trip. */
  subscribeAtOnce: number;
  /** Fewer once some were not answered, for a service that is just starting up. */
  subscribeGently: number;
  /** Sockets in a row that carried nothing: then sockets count as blocked. */
  failuresBeforeReading: number;
  readEvery: number;
  trySocketEvery: number;
  /** An open socket with nothing to watch is kept this long: often the next dive follows. */
  linger: number;
}

export const TIMING: Timing = {
  firstBackoff: 0.5,
  longestBackoff: 20,
  provenAfter: 5,
  resubscribeEvery: 240,
  renewAfter: 110 * 60,
  renewSpread: 5 * 60,
  answerWithin: 10,
  subscribeAtOnce: 100,
  subscribeGently: 10,
  failuresBeforeReading: 3,
  readEvery: 2,
  trySocketEvery: 60,
  linger: 60,
};

/** The longest wait after so many tries in vain, in seconds: it doubles up to a limit. */
export function backoff(timing: Timing, retries: number): number {
  return Math.min(timing.longestBackoff, timing.firstBackoff * 2 ** retries);
}
