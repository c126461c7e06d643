/** Where an execution lies among those of real dives. */
import type { Result } from "../api/types";
import { sightOf } from "./evidence";
import table from "./executions.json";

export const { step: STEP, counts: COUNTS } = table;
export const REAL_DIVES = COUNTS.reduce((sum, count) => sum + count, 0);

/** The share of real dives that got less; of those that got the same, half. */
export function shareBelow(execution: number): number {
  const below = COUNTS.reduce((sum, count, index) => {
    const other = index * STEP;
    return sum + (other < execution ? count : other === execution ? count / 2 : 0);
  }, 0);
  return below / REAL_DIVES;
}

export interface Standing {
  share: number;
  /** The same for the ends of the score's interval. */
  low: number;
  high: number;
}

/** Null where hardly anything was seen: there the execution is the real dives' own middle, and placing it among them says nothing. */
export function standingOf(result: Result): Standing | null {
  if (sightOf(result) === "guess") return null;
  const { execution, difficulty, interval } = result;
  return {
    share: shareBelow(execution),
    low: shareBelow(Math.min(execution, interval.low / difficulty)),
    high: shareBelow(Math.max(execution, interval.high / difficulty)),
  };
}
