/**
 * The page's sentences in the reader's language.
 *
 * `t("feature.key", { placeholder })` gives one; a key that messages/en.json lacks is a type error. Call it while rendering,
 * never when a module loads: the language may change later. A component that is memoised calls `useLanguage()` too.
 */
import i18next from "i18next";
import { useSyncExternalStore } from "react";
import { type Language, LANGUAGE_NAMES, LANGUAGES } from "./languages";
import en from "./messages/en.json";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

/** Where the choice is kept; public/first.js reads it before the first paint. */
const KEY = "divescore.language";
/** Languages that come later than the page, when somebody reads them. */
const LATER: Readonly<Partial<Record<Language, () => Promise<{ default: object }>>>> = {
  zh: () => import("./messages/zh.json"),
};

void i18next.init({
  lng: "en",
  fallbackLng: "en",
  supportedLngs: LANGUAGE_NAMES,
  resources: { en: { translation: en } },
  initAsync: false,
  // React escapes what it shows.
  interpolation: { escapeValue: false },
});

export const t = i18next.t;

/** A sentence that only some languages have, such as the service's own in Chinese; null where this one does not. */
export function known(key: string): string | null {
  const found: unknown = i18next.getResource(i18next.language, "translation", key);
  return typeof found === "string" ? found : null;
}

/** The language that is shown. */
export function language(): Language {
  return isLanguage(i18next.language) ? i18next.language : "en";
}

/** The same, for components: they are drawn again when it changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}

/** Shows another language from now on and remembers it. Rejects when its sentences cannot be loaded. */
export async function setLanguage(wanted: Language): Promise<void> {
  await show(wanted);
  try {
    window.localStorage.setItem(KEY, wanted);
  } catch {
    // Storage is full or switched off: the choice lives as long as the page does.
  }
}

/** Shows the language that public/first.js found: the one that was chosen before, else the browser's. */
export async function startLanguage(): Promise<void> {
  const found = baseOf(document.documentElement.lang);
  try {
    await show(isLanguage(found) ? found : "en");
  } catch {
    // Its sentences did not arrive: English is there, and the switch tries again.
    document.documentElement.lang = LANGUAGES.en.tag;
  }
}

/** The reader's own regional kind of the language that is shown, for numbers and dates: en-GB, zh-TW. */
export function locale(): string {
  const shown = language();
  const tags = typeof navigator === "undefined" ? [] : navigator.languages;
  return tags.find((tag) => baseOf(tag) === shown) ?? shown;
}

/** A number with exactly so many decimals. */
export function decimal(value: number, decimals: number): string {
  return value.toLocaleString(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A share of one as a percentage without decimals. */
export function percent(share: number): string {
  return share.toLocaleString(locale(), { style: "percent", maximumFractionDigits: 0 });
}

async function show(wanted: Language): Promise<void> {
  await speak(wanted);
  document.documentElement.lang = LANGUAGES[wanted].tag;
}

/** Makes `t` speak a language, loading its sentences first where they are not there yet. */
export async function speak(wanted: Language): Promise<void> {
  const load = LATER[wanted];
  if (load !== undefined && !i18next.hasResourceBundle(wanted, "translation")) {
    i18next.addResourceBundle(wanted, "translation", (await load()).default);
  }
  await i18next.changeLanguage(wanted);
}

function isLanguage(value: string): value is Language {
  return Object.hasOwn(LANGUAGES, value);
}

function baseOf(tag: string): string {
  return tag.toLowerCase().split("-")[0] ?? "";
}

function subscribe(listener: () => void): () => void {
  i18next.on("languageChanged", listener);
  return () => i18next.off("languageChanged", listener);
}
