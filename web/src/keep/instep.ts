/** Times of two videos that are played in step from the moment of the take-off. */
import type { Result } from "../api/types";

/** Seconds into the video at which the diver leaves the board; 0 where the model does not tell. */
export function takeOffOf(result: Result): number {
  const phases = result.aspects?.phases ?? [];
  return phases.find(({ name }) => name === "flight")?.start ?? phases.find(({ name }) => name === "take-off")?.end ?? 0;
}

/** The span that both videos have, in seconds from the take-off. */
export function commonSpan(results: readonly Result[]): { start: number; end: number } {
  const starts = results.map((result) => -takeOffOf(result));
  const ends = results.map((result) => result.video.seconds - takeOffOf(result));
  return { start: Math.max(...starts), end: Math.min(...ends) };
}
