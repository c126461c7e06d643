/** The page's words for numbers, dives and troubles. */
import type { DiveClass } from "../api/types";

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} kB`;
  const mega = count / 1024 / 1024;
  if (mega >= 1024) return `${(mega / 1024).toFixed(1)} GB`;
  return `${mega < 100 ? mega.toFixed(1) : Math.round(mega)} MB`;
}

/** A limit, which is a round figure: 50 MB, 1 GB. */
export function limit(count: number): string {
  return bytes(count).replace(".0 ", " ");
}

export function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 1.5) return "about a second left";
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

/** A span as one reads it off a stopwatch. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

export function day(iso: string): string {
  return new Date(iso).toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" });
}

/** A time of today by the clock, any other with its day. */
export function moment(at: number, now = new Date()): string {
  const date = new Date(at);
  const clock = { hour: "2-digit", minute: "2-digit" } as const;
  if (date.toDateString() === now.toDateString()) return date.toLocaleTimeString(undefined, clock);
  return date.toLocaleString(undefined, { day: "numeric", month: "short", ...clock });
}

/** A factor with its first decimal, and with the second where it has one: 3.3, 18.98. */
export function figure(value: number): string {
  const two = value.toFixed(2);
  return two.endsWith("0") ? two.slice(0, -1) : two;
}

/** Half turns as divers say them: 7 is 3½. */
export function turns(halves: number): string {
  const whole = Math.floor(halves / 2);
  return halves % 2 === 0 ? String(whole) : `${whole === 0 ? "" : whole}½`;
}

/** A dive in words: "Forward 3½ somersaults, 1 twist, pike". */
export function diveInWords(dive: DiveClass): string {
  const parts: string[] = [];
  const somersaults = dive.halfSomersaults;
  const rotation = dive.rotation.charAt(0).toUpperCase() + dive.rotation.slice(1);
  if (somersaults <= 1 && !dive.armstand) parts.push(`${rotation} dive`);
  else parts.push(`${rotation} ${turns(somersaults)} somersault${somersaults > 2 ? "s" : ""}`);
  if (dive.halfTwists > 0) parts.push(`${turns(dive.halfTwists)} twist${dive.halfTwists > 2 ? "s" : ""}`);
  parts.push(dive.position);
  const words = parts.join(", ");
  return dive.armstand ? `Armstand, ${words.charAt(0).toLowerCase()}${words.slice(1)}` : words;
}

const ADVICE: Readonly<Record<string, string>> = {
  NOT_A_VIDEO: "Choose the video file itself. A file that was only renamed stays what it was.",
  UNSUPPORTED: "Save or export it as MP4, MOV, WebM or AVI, and send that.",
  FILE_CHANGED: "It may still have been saved or fetched from the cloud. Wait until that is done, then choose it here.",
  UNSUPPORTED_TYPE: "If it is a video, export it as MP4 and send that.",
  DAMAGED: "Play it to its end on your device. If it stops there too, copy it again from the camera.",
  NO_VIDEO_STREAM: "The file holds sound only. Choose the one with the picture.",
  TOO_SHORT: "Send the whole dive, from the take-off to the entry.",
  TOO_LONG: "Trim the video to one dive, from the take-off to the entry.",
  TOO_LARGE: "Trim the video to the dive itself, or export it smaller.",
  TOO_MANY_PIXELS: "Export it at 1080p or smaller; the network looks at small frames anyway.",
  NOT_A_DIVE: "The network saw no dive in it. Film one diver from the side, with take-off and entry in the picture.",
  OUT_OF_TIME: "Export it smaller or shorter and send it again.",
  EMPTY_FILE: "Choose the video again; it may not have been saved to this device yet.",
  RATE_LIMITED: "Many dives were sent from your network. Wait a little, then try again.",
  NETWORK: "Check your connection, then try again.",
  TOKEN_EXPIRED: "Videos and scores are kept for a limited time. Send the video again for a new score.",
  JOB_NOT_FOUND: "It was removed. Send the video again for a new score.",
  UNAUTHORIZED: "Ask for the link again and copy all of it.",
};

/** What to do next about a trouble, or null where its own sentence says it all. */
export function advice(code: string): string | null {
  return ADVICE[code] ?? null;
}
