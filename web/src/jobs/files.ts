import { found } from "../api/problems";
import type { Problem } from "../api/types";
import { bytes, limit } from "./words";

/** Endings of files that hold a film which the service reads. */
const ENDINGS: ReadonlySet<string> = new Set(["mp4", "m4v", "mov", "qt", "avi", "webm", "mkv", "3gp", "3g2", "ts", "mts", "m2ts"]);

/** What a form says of a file of which the browser says nothing. The service looks at the bytes in any case. */
const NEUTRAL_TYPE = "application/octet-stream";

/** For the file picker. */
export const ACCEPT = ["video/*", ...[...ENDINGS].map((ending) => `.${ending}`)].join(",");

/** As many first bytes as tell what a file is. */
const HEAD_BYTES = 600;

/** How files begin that are read, byte for byte as Latin-1; the same as the service's own list, by common cases. */
const READ: readonly RegExp[] = [
  /^RIFF[^]{4}AVI[ X]/,
  /^\x1aE\xdf\xa3/,
  /^[^]{4}ftyp(?!avif|avis|heic|heix|heif|mif1|msf1|crx |M4[ABP] )/,
  /^[^]{4}(?:moov|mdat|wide|free|skip|pnot)/,
  /^G[^]{187}G[^]{187}G/,
  /^[^]{4}G[^]{191}G[^]{191}G/,
];

/** The content type to declare for a file: the browser's, or a neutral one. */
export function contentTypeOf(type: string): string {
  const declared = type.split(";")[0]?.trim().toLowerCase() ?? "";
  return declared === "" ? NEUTRAL_TYPE : declared;
}

/** Whether a file that begins so is one that the service reads. */
export function isRead(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return READ.some((beginning) => beginning.test(text));
}

/** What is wrong with a file before anything was sent, or null. How large it may be is the service's to say: `maxBytes`. */
export function problemOf(file: { size: number }, maxBytes: number): Problem | null {
  if (file.size === 0) return found("EMPTY_FILE", "empty");
  if (file.size > maxBytes) {
    const most = limit(maxBytes);
    if (limit(file.size) === most) return found("TOO_LARGE", "littleTooLarge", { most });
    return found("TOO_LARGE", "tooLarge", { size: bytes(file.size), most });
  }
  return null;
}

/** What is wrong with a file by its name and its first bytes, only where both say so. Rejects when it cannot be read. */
export async function problemOfBytes(file: File): Promise<Problem | null> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const parts = file.name.toLowerCase().split(".");
  const named = parts.length === 1 || ENDINGS.has(parts.at(-1) ?? "") || file.type.startsWith("video/");
  if (named || isRead(head)) return null;
  return found("UNSUPPORTED_TYPE", "noVideo");
}

export const FILE_CHANGED = "FILE_CHANGED";

/** Told of a file that is not what it was when it was chosen: a browser then refuses to read it. */
export function changed(name: string): Problem {
  return found(FILE_CHANGED, "changed", { name });
}

/** Whether the file can still be read as it was when it was chosen. */
export async function isUnchanged(file: Blob): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false; // the browser says NotReadableError or NotFoundError
  }
}
