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

/** How long, and how often, a failure is followed by another try. */
export interface Patience {
  timing: Timing;
  /** Spreads the waits: 0 to 1. */
  chance: () => number;
  /** Failures in a row after which it is given up; a page goes on for as long as it is open. */
  tries: number;
}

export const PATIENCE: Patience = { timing: TIMING, chance: Math.random, tries: Infinity };
