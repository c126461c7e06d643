/** The waits of uploads; tests/contract/upload-scenarios/timing.json holds the Python client to the same ones. */
export interface Timing {
  /** Parts that are sent at the same time. */
  partsAtOnce: number;
  /** Parts that are hashed, and have their addresses, before there is a lane for them. */
  partsAhead: number;
  /** In seconds, as all that follow but the counts. A wait is a random half to whole of the back-off. */
  firstBackoff: number;
  longestBackoff: number;
  /** How often in a row storage may refuse one part, or the service the completion, for other reasons than load. */
  refusals: number;
  /** A request that moves no byte for so long is given up. */
  stalledAfter: number;
  /** An answer to what was sent whole may take so long. */
  answerWithin: number;
}

export const TIMING: Timing = {
  partsAtOnce: 3,
  partsAhead: 3,
  firstBackoff: 0.5,
  longestBackoff: 20,
  refusals: 3,
  stalledAfter: 20,
  answerWithin: 60,
};

/** How long to wait after `failures` in a row before this one, in seconds. */
export function backoff(timing: Timing, failures: number, chance: number): number {
  return Math.min(timing.longestBackoff, timing.firstBackoff * 2 ** failures) * (0.5 + 0.5 * chance);
}
