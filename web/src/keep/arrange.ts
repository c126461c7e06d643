/** Which dives of a long list are shown, and in which order. */
import { language } from "../i18n";
import { stageOf } from "../jobs/stage";
import type { Dive, Dives } from "../jobs/state";
import { diveInWords, nameOf } from "../jobs/words";
import type { Language } from "../languages";

/** So many dives are seen at a glance; tools for more would only be in the way. */
export const FEW = 3;

export const ORDERS = ["newest", "oldest", "best", "name"] as const;
export const KINDS = ["all", "open", "scored", "unscored"] as const;

export interface Wish {
  text: string;
  kind: (typeof KINDS)[number];
  order: (typeof ORDERS)[number];
}

export const EVERYTHING: Wish = { text: "", kind: "all", order: "newest" };

/** The dives that fit a wish; the list itself has the newest first. */
export function arrange(dives: Dives, { text, kind, order }: Wish): Dives {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = dives.filter((dive) => isOf(dive, kind) && words.every((word) => textOf(dive).includes(word)));
  switch (order) {
    case "newest":
      return found;
    case "oldest":
      return found.reverse();
    case "best":
      return found.sort((a, b) => scoreOf(b) - scoreOf(a));
    case "name":
      return found.sort((a, b) => nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }));
  }
}

export function isScored(dive: Dive): boolean {
  return dive.job?.status === "SCORED" && Boolean(dive.job.result);
}

function isOf(dive: Dive, kind: Wish["kind"]): boolean {
  const isOpen = stageOf(dive).outcome === "open";
  return kind === "all" || kind === (isOpen ? "open" : isScored(dive) ? "scored" : "unscored");
}

function scoreOf(dive: Dive): number {
  return dive.job?.result?.score ?? Number.NEGATIVE_INFINITY;
}

/** What a dive is found by; it is the same until the dive changes, or the language. */
const texts = new WeakMap<Dive, { language: Language; text: string }>();

function textOf(dive: Dive): string {
  const known = texts.get(dive);
  if (known?.language === language()) return known.text;
  const seen = dive.job?.result?.dive;
  const text = [nameOf(dive), seen?.number ?? "", seen === undefined ? "" : diveInWords(seen)].join(" ").toLowerCase();
  texts.set(dive, { language: language(), text });
  return text;
}
