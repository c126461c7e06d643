/** The languages of the page: each by its own name, and the tag that `<html lang>` carries. */
export const LANGUAGES = {
  en: { name: "English", tag: "en" },
  // Written in simplified characters.
  zh: { name: "中文", tag: "zh-Hans" },
} as const;

export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES = Object.keys(LANGUAGES) as Language[];
