/** How exactly a number may be told that is known only so well. */

/** The power of ten of the first figure of an error: -1 for 0.12, 0 for 9.2. Everything behind it is chance. */
function placeOf(error: number): number {
  return Math.floor(Math.log10(error));
}

/** Decimals of a number that is known to `error` only: as many as its first figure has, three at most. */
export function decimalsFor(error: number): number {
  if (!(error > 0)) return 2;
  return Math.min(3, Math.max(0, -placeOf(error)));
}

/** How many figures of a score with two decimals, such as 70.33, mean something; the first always does. */
export function figuresKnown(score: number, halfWidth: number): number {
  const whole = Math.floor(Math.abs(score)).toString().length;
  if (!(halfWidth > 0)) return whole + 2;
  return Math.min(whole + 2, Math.max(1, whole - placeOf(halfWidth)));
}
