import type { Result } from "../api/types";

/** How much of a score was seen in the film, in steps that one can say. The rest is what real dives say. */
export type Sight = "well" | "mostly" | "half" | "little" | "guess";

/** The least evidence of each step. */
const STEPS: readonly (readonly [Sight, number])[] = [
  ["well", 0.9],
  ["mostly", 0.65],
  ["half", 0.35],
  ["little", 0.1],
  ["guess", 0],
];
export const LAMPS = STEPS.length - 1;

/** Null where the network stands alone, without real dives beside it. */
export function sightOf(result: Pick<Result, "evidence">): Sight | null {
  const { evidence } = result;
  if (evidence === null || evidence === undefined) return null;
  return STEPS.find(([, least]) => evidence >= least)?.[0] ?? "guess";
}

/** Lamps that are lit for it, of LAMPS. */
export function lampsOf(sight: Sight): number {
  return LAMPS - STEPS.findIndex(([step]) => step === sight);
}

/** Sureness in whole hundredths; nothing is told as certain, and nothing as impossible. */
export function surenessOf(share: number): number {
  return Math.min(0.99, Math.max(0.01, Math.round(share * 100) / 100));
}
