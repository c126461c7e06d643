/** The page's words for numbers, dives and troubles, in the reader's language. */
import type { DiveClass } from "../api/types";
import { decimal, known, locale, t } from "../i18n";
import type en from "../messages/en.json";
import type { Dive } from "./state";

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} kB`;
  const mega = count / 1024 / 1024;
  if (mega >= 1024) return `${decimal(mega / 1024, 1)} GB`;
  return `${mega < 100 ? decimal(mega, 1) : Math.round(mega)} MB`;
}

/** A limit, which is a round figure: 50 MB, 1 GB. */
export function limit(count: number): string {
  return bytes(count).replace(/[.,]0 /, " ");
}

export function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 1.5) return t("amount.secondLeft");
  if (seconds < 90) return t("amount.secondsLeft", { value: Math.round(seconds) });
  return t("amount.minutesLeft", { value: Math.round(seconds / 60) });
}

/** A span as one reads it off a stopwatch. */
export function span(seconds: number): string {
  if (seconds < 1) return t("amount.ms", { value: Math.round(seconds * 1000) });
  return seconds < 100 ? t("amount.s", { value: decimal(seconds, 1) }) : t("amount.min", { value: Math.round(seconds / 60) });
}

export function day(iso: string): string {
  return new Date(iso).toLocaleDateString(locale(), { day: "numeric", month: "long", year: "numeric" });
}

/** A time of today by the clock, any other with its day. */
export function moment(at: number, now = new Date()): string {
  const date = new Date(at);
  const clock = { hour: "2-digit", minute: "2-digit" } as const;
  if (date.toDateString() === now.toDateString()) return date.toLocaleTimeString(locale(), clock);
  return date.toLocaleString(locale(), { day: "numeric", month: "short", ...clock });
}

/** A factor with its first decimal, and with the second where it has one: 3.3, 18.98. */
export function figure(value: number): string {
  return decimal(value, value.toFixed(2).endsWith("0") ? 1 : 2);
}

/** Half turns as divers say them: 7 is 3½. */
export function turns(halves: number): string {
  return known(`dive.halves.${halves}`) ?? decimal(halves / 2, 1);
}

/** A dive in words: "Forward 3½ somersaults, 1 twist, pike". */
export function diveInWords(dive: DiveClass): string {
  const rotation = t(`dive.rotations.${dive.rotation as keyof typeof en.dive.rotations}`);
  const plural = (halves: number) => (halves > 2 ? 2 : 1);
  let flight =
    dive.halfSomersaults <= 1 && !dive.armstand
      ? t("dive.plain", { rotation })
      : t("dive.somersaults", { rotation, turns: turns(dive.halfSomersaults), count: plural(dive.halfSomersaults) });
  if (dive.halfTwists > 0) flight = t("dive.twists", { flight, turns: turns(dive.halfTwists), count: plural(dive.halfTwists) });
  const position = t(`dive.positions.${dive.position as keyof typeof en.dive.positions}`);
  const words = t("dive.position", { flight, position });
  return capital(dive.armstand ? t("dive.armstand", { dive: words }) : words);
}

/** What a dive is called: by its file, or where that is somebody else's, as a shared one. */
export function nameOf(dive: Pick<Dive, "filename">): string {
  return dive.filename === "" ? t("page.sharedDive") : dive.filename;
}

/** What to do next about a trouble, or null where its own sentence says it all. */
export function advice(code: string): string | null {
  return known(`advice.${code}`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
