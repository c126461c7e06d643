import { t } from "../i18n";

export interface Config {
  /** Base address of the HTTP API, without a slash at its end. */
  api: string;
  /** The largest video that the service takes. */
  maxUploadBytes: number;
  /** The server's clock before this device's, in milliseconds; 0 where it does not say. */
  clockAhead: number;
}

/** Waits between tries to read it. */
const WAITS_MS = [500, 2_000, 5_000];

/** Reads where the API lives, and again after a while when the line is bad. */
export async function loadConfigPatiently(fetchFn: typeof fetch = fetch): Promise<Config> {
  for (const wait of WAITS_MS) {
    try {
      return await loadConfig(fetchFn);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return loadConfig(fetchFn);
}

/**
 * Reads where the API lives and what it takes. The file is written when the site is deployed, so one build serves every stack;
 * index.html asks for it beside the script, and so must this: with the same words.
 */
export async function loadConfig(fetchFn: typeof fetch = fetch): Promise<Config> {
  const answer = await fetchFn("/config.json");
  if (!answer.ok) throw new Error(t("page.noConfig"));
  const value: unknown = await answer.json();
  if (typeof value !== "object" || value === null || !("api" in value) || typeof value.api !== "string") {
    throw new Error(t("page.noApi"));
  }
  if (!("maxUploadBytes" in value) || typeof value.maxUploadBytes !== "number") {
    throw new Error(t("page.noLimit"));
  }
  const served = Date.parse(answer.headers.get("date") ?? "");
  const clockAhead = Number.isNaN(served) ? 0 : served - Date.now();
  return { api: value.api.replace(/\/+$/, ""), maxUploadBytes: value.maxUploadBytes, clockAhead };
}
