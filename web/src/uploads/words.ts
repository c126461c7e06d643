/** What the page says of an upload. */
import type { Words } from "../api/problems";
import { t } from "../i18n";
import { moment } from "../jobs/words";
import type { Told } from "./told";

/** Waits shorter than this are not worth a time of day. */
const SOON_MS = 60_000;

/** What stands still, and why, in a word or two; null: it moves. */
export function standstill({ state, reason }: Told): string | null {
  switch (state) {
    case "sending":
      return null;
    case "paused":
      return t("upload.paused");
    case "offline":
      return t("upload.offline");
    case "waiting":
      if (reason === "RATE_LIMITED") return t("upload.limited");
      return reason === "UNAVAILABLE" ? t("upload.busy") : t("upload.noConnection");
  }
}

/** How it goes on, as a sentence. */
export function wayOn({ state, until }: Told, now = Date.now()): string {
  if (state === "paused") return t("upload.keptWhilePaused");
  if (state === "offline") return t("upload.onceOnline");
  if (until !== null && until - now >= SOON_MS) return t("upload.goesOnAt", { time: moment(until) });
  return t("upload.goesOnSoon");
}

/** What went wrong, where nobody else said it. */
export function wordsFor(code: string): Words["key"] {
  switch (code) {
    case "UPLOAD_REFUSED":
      return "storageRefused";
    case "EXPIRED":
      return "uploadExpired";
    default:
      return "brokeOff";
  }
}
