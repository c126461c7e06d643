import { afterEach, describe, expect, it, vi } from "vitest";
import { decimal, language, percent, preferred, setLanguage, startLanguage, t } from "./i18n";
import en from "./messages/en.json";
import zh from "./messages/zh.json";
import { FakeStorage } from "./testing/storage";

interface Messages {
  [key: string]: string | Messages;
}

/** Every sentence by its whole key; the plural forms of one sentence count as one, since Chinese has a single form. */
function flat(messages: Messages, prefix = ""): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === "string" ? [[(prefix + key).replace(/_(one|other)$/, ""), value]] : flat(value, `${prefix}${key}.`),
  );
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name ?? "").sort();
}

describe("the message files", () => {
  it("have the same keys", () => {
    const keys = (messages: Messages) => [...new Set(flat(messages).map(([key]) => key))].sort();
    expect(keys(zh)).toEqual(keys(en));
  });

  it("have the same placeholders in each sentence", () => {
    // The longest form of a plural names everything.
    const named = (messages: Messages) => {
      const found = new Map<string, string[]>();
      for (const [key, text] of flat(messages)) {
        const names = placeholders(text);
        if (names.length >= (found.get(key)?.length ?? 0)) found.set(key, names);
      }
      return Object.fromEntries(found);
    };
    expect(named(zh)).toEqual(named(en));
  });

  it("say everything in their own language", () => {
    expect(flat(en).filter(([, text]) => /\p{Script=Han}/u.test(text))).toEqual([]);
    expect(flat(zh).filter(([, text]) => text.trim() === "")).toEqual([]);
  });
});

it("is a type error to ask for a sentence that is not there", () => {
  // @ts-expect-error: no such key
  expect(t("page.missing")).toBe("page.missing");
});

describe("the language", () => {
  let storage: FakeStorage;
  let html: { lang: string };
  const browserSpeaks = (...languages: string[]) => vi.stubGlobal("navigator", { languages });
  const open = async () => {
    storage ??= new FakeStorage();
    html = { lang: "en" };
    vi.stubGlobal("document", { documentElement: html });
    vi.stubGlobal("window", { localStorage: storage });
    await startLanguage();
  };

  afterEach(async () => {
    storage = new FakeStorage();
    browserSpeaks("en");
    await open();
    vi.unstubAllGlobals();
  });

  it.each([
    [["zh-CN", "en"], "zh"],
    [["de-CH", "zh-TW"], "zh"],
    [["en-GB", "zh"], "en"],
    [["fr"], "en"],
    [[], "en"],
  ] as const)("for a browser that prefers %j is %s", (tags, expected) => {
    expect(preferred(tags)).toBe(expected);
  });

  it("is the browser's at first, and then the one that was chosen", async () => {
    storage = new FakeStorage();
    browserSpeaks("zh-CN");
    await open();
    expect([language(), html.lang, t("language.label")]).toEqual(["zh", "zh-Hans", zh.language.label]);
    await setLanguage("en");
    expect([language(), html.lang, t("language.label")]).toEqual(["en", "en", en.language.label]);
    await open();
    expect(language()).toBe("en");
  });

  it("decides how numbers are written", async () => {
    storage = new FakeStorage();
    browserSpeaks("en-ZA");
    await open();
    expect(decimal(18.976, 2)).toBe(new Intl.NumberFormat("en-ZA", { maximumFractionDigits: 2 }).format(18.976));
    browserSpeaks("zh-CN");
    await open();
    expect([decimal(7, 1), percent(0.954)]).toEqual(["7.0", "95%"]);
  });
});
