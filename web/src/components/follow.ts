/** Takes the reader to the dive that was just sent, and keeps its verdict in view. */
import { useEffect, useRef } from "react";
import { stageOf } from "../jobs/stage";
import type { Dives } from "../jobs/state";

/** What a reader does to look at something else. */
const LEAVING = ["wheel", "touchmove", "keydown", "pointerdown"] as const;

export function cardId(key: string): string {
  return `dive-${key}`;
}

/** Goes to the newest dive when it appears and when it ends, unless the reader went elsewhere in between. */
export function useFollow(dives: Dives): void {
  const known = useRef(new Set(dives.map((dive) => dive.key)));
  const followed = useRef<{ key: string; outcome: string } | null>(null);
  useEffect(() => {
    const leave = () => {
      followed.current = null;
    };
    for (const event of LEAVING) window.addEventListener(event, leave, { passive: true });
    return () => {
      for (const event of LEAVING) window.removeEventListener(event, leave);
    };
  }, []);
  useEffect(() => {
    // The newest comes first. What has a job already was sent before or elsewhere, and is no reason to move.
    const fresh = dives.find((dive) => !known.current.has(dive.key) && dive.jobId === undefined && !dive.shared);
    for (const dive of dives) known.current.add(dive.key);
    if (fresh !== undefined) {
      followed.current = { key: fresh.key, outcome: stageOf(fresh).outcome };
      show(fresh.key);
      return;
    }
    const { current } = followed;
    const dive = current === null ? undefined : dives.find(({ key }) => key === current.key);
    if (current === null || dive === undefined) return;
    const { outcome } = stageOf(dive);
    if (outcome === current.outcome) return;
    current.outcome = outcome;
    show(dive.key);
  }, [dives]);
}

/** Scrolls to a card whose upper part, where the board is, is not wholly in view. */
function show(key: string): void {
  const card = document.getElementById(cardId(key));
  if (card === null) return;
  const part = card.querySelector(".board") ?? card;
  const { top, bottom } = part.getBoundingClientRect();
  if (top >= 0 && bottom <= window.innerHeight) return;
  card.scrollIntoView({ block: "start", behavior: prefersStillness() ? "auto" : "smooth" });
}

export function prefersStillness(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
