import type { Problem } from "../api/types";
import { bytes, limit } from "./words";

/** What the API takes, and the file endings by which a browser that names no type is helped. */
const TYPE_OF_ENDING: Readonly<Record<string, string>> = {
  mp4: "video/mp4",
  m4v: "video/x-m4v",
  mov: "video/quicktime",
  qt: "video/quicktime",
  avi: "video/x-msvideo",
  webm: "video/webm",
  mkv: "video/x-matroska",
  "3gp": "video/3gpp",
  "3g2": "video/3gpp2",
};

const ACCEPTED = new Set([...Object.values(TYPE_OF_ENDING), "video/avi"]);

/** For the file picker. */
export const ACCEPT = [...ACCEPTED, ...Object.keys(TYPE_OF_ENDING).map((ending) => `.${ending}`)].join(",");

/** The content type to declare for a file, or null when it is none that can be scored. */
export function contentTypeOf(name: string, type: string): string | null {
  const declared = type.split(";")[0]?.trim().toLowerCase() ?? "";
  if (ACCEPTED.has(declared)) return declared;
  // A text file stays one whatever it is called; only a missing or unknown video type is completed by the ending.
  if (declared !== "" && !declared.startsWith("video/") && declared !== "application/octet-stream") return null;
  const ending = name.toLowerCase().split(".").pop() ?? "";
  return TYPE_OF_ENDING[ending] ?? null;
}

/** What is wrong with a file before anything was sent, or null. How large it may be is the service's to say: `maxBytes`. */
export function problemOf(file: { name: string; type: string; size: number }, maxBytes: number): Problem | null {
  if (contentTypeOf(file.name, file.type) === null) {
    return {
      code: "UNSUPPORTED_TYPE",
      message: "This is not a video that can be scored. Choose an MP4, MOV, AVI, WebM, MKV or 3GP file.",
    };
  }
  if (file.size === 0) return { code: "EMPTY_FILE", message: "This file is empty. Choose the video again." };
  if (file.size > maxBytes) {
    const most = limit(maxBytes);
    const message =
      limit(file.size) === most
        ? `The file is a little larger than ${most}, which is the most that is taken.`
        : `The file has ${bytes(file.size)}; at most ${most} are taken.`;
    return { code: "TOO_LARGE", message };
  }
  return null;
}
