/** Why a dive got its points: what lost some, in which phase, and what was measured. */
import type { Aspects, Flaw, Phase, Result } from "../api/types";

/** Name of the flaw that is no flaw: what dives like this one lose where the film does not show it. */
const UNSEEN = "unseen";

/** Points over the whole width of a bar at least, so that a trifle alone does not look like a gross flaw. */
const FULL_BAR = 3;

export interface Loss extends Flaw {
  /** Of the widest bar, 0 to 1. */
  share: number;
}

export interface Account {
  /** The dearest first. */
  flaws: Loss[];
  /** Points that real dives like this lose beside what was seen, and their share of a bar and of all that was lost. */
  unseen: { points: number; share: number; part: number };
  lost: number;
}

export function accountOf({ flaws }: Pick<Aspects, "flaws">): Account {
  const seen = flaws.filter(({ name }) => name !== UNSEEN).sort((a, b) => b.points - a.points);
  const unseen = sum(flaws.filter(({ name }) => name === UNSEEN));
  const widest = Math.max(FULL_BAR, unseen, ...seen.map(({ points }) => points));
  const lost = sum(flaws);
  return {
    flaws: seen.map((flaw) => ({ ...flaw, share: flaw.points / widest })),
    unseen: { points: unseen, share: unseen / widest, part: lost > 0 ? unseen / lost : 0 },
    lost,
  };
}

function sum(flaws: readonly Flaw[]): number {
  return flaws.reduce((points, flaw) => points + flaw.points, 0);
}

/** What a moment is begun before, in seconds of the film: at a quarter of the speed a second and a half. */
const LEAD = 0.35;

/** From when a moment is played so that one sees it come. */
export function leadIn(at: number): number {
  return Math.max(0, at - LEAD);
}

/** The stretch of the film that is laid out under its pictures, in seconds. */
export interface Stretch {
  start: number;
  end: number;
}

export function stretchOf({ segments, video }: Pick<Result, "segments" | "video">): Stretch {
  const start = segments[0]?.start ?? 0;
  return { start, end: Math.max(segments.at(-1)?.end ?? video.seconds, start + 0.001) };
}

/** How far along a stretch a time lies, 0 to 1. */
export function along({ start, end }: Stretch, at: number): number {
  return Math.min(1, Math.max(0, (at - start) / (end - start)));
}

/** The phase that a time belongs to; where one ends the next begins. */
export function phaseAt(phases: readonly Phase[], at: number | null): Phase | null {
  if (at === null) return null;
  return phases.findLast(({ start, end }) => at >= start && at <= end) ?? null;
}
