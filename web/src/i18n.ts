/**
 * The page's sentences in the reader's language.
 *
 * `t("feature.key", { placeholder })` gives one; a key that messages/en.json lacks is a type error. Call it while rendering,
 * never when a module loads: the language may change later. A component that is memoised calls `useLanguage()` too.
 */
import i18next from "i18next";
import { useSyncExternalStore } from "react";
import en from "./messages/en.json";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

export const LANGUAGES = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "divescore.language";
/** What `<html lang>` says: the Chinese here is written in simplified characters. */
const TAGS: Readonly<Record<Language, string>> = { en: "en", zh: "zh-Hans" };
/** Languages that come later than the page, when somebody reads them. */
const LATER: Readonly<Partial<Record<Language, () => Promise<{ default: object }>>>> = {
  zh: () => import("./messages/zh.json"),
};

void i18next.init({
  lng: "en",
  fallbackLng: "en",
  supportedLngs: Object.keys(LANGUAGES),
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

/** Shows the language that was chosen before, else the first of the browser's that there is. */
export async function startLanguage(): Promise<void> {
  try {
    await show(remembered() ?? preferred(navigator.languages));
  } catch {
    // Its sentences did not arrive: English is there, and the switch tries again.
  }
}

/** The first of some language tags, such as zh-CN, that the page speaks. */
export function preferred(tags: readonly string[]): Language {
  return tags.map(baseOf).find(isLanguage) ?? "en";
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
  const load = LATER[wanted];
  if (load !== undefined && !i18next.hasResourceBundle(wanted, "translation")) {
    i18next.addResourceBundle(wanted, "translation", (await load()).default);
  }
  await i18next.changeLanguage(wanted);
  document.documentElement.lang = TAGS[wanted];
}

function remembered(): Language | null {
  try {
    const value = window.localStorage.getItem(KEY) ?? "";
    return isLanguage(value) ? value : null;
  } catch {
    return null; // the browser keeps storage from this page
  }
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
