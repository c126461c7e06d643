import type { Playback } from "../api/types";

/** Container formats that a browser may play; whether it can play this very file only trying tells. */
const MAYBE_PLAYABLE = new Set(["webm", "mkv", "mp4", "mov", "3gp"]);

export function maybePlayable(format: string): boolean {
  return MAYBE_PLAYABLE.has(format);
}

/** How fast a moment is played that somebody wants to see exactly. */
export const QUARTER = 0.25;

export interface Source {
  url: string;
  /** Whether it is the small copy that is made of films that browsers do not play. */
  isCopy: boolean;
}

/** What to play: the film itself where it may be playable, else its copy; null when there is none yet. */
export function sourceOf(found: Playback, itselfMayPlay: boolean): Source | null {
  if (itselfMayPlay) return { url: found.url, isCopy: false };
  return found.rendition ? { url: found.rendition.url, isCopy: true } : null;
}

/** Shares of the real speed. */
export const SPEEDS = [0.25, 0.5, 1] as const;
/** How they are written, and so how they are called: whoever speaks to the page says what is seen. */
export const SPEED_NAMES = { 0.25: "¼×", 0.5: "½×", 1: "1×" } as const;
