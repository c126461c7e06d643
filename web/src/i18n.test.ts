import { assert, afterEach, describe, expect, it, vi } from "vitest";
import { found, sentence } from "./api/problems";
import { decimal, language, percent, preferred, setLanguage, startLanguage, t } from "./i18n";
import { readDiveNumber } from "./jobs/divenumber";
import { diveInWords } from "./jobs/words";
import en from "./messages/en.json";
import zh from "./messages/zh.json";
import { FakeStorage } from "./testing/storage";

/** Runs something while the page is shown to a reader of a language. */
async function shownIn(tag: string, look: () => void): Promise<void> {
  const show = async (languages: string[]) => {
    vi.stubGlobal("navigator", { languages });
    vi.stubGlobal("document", { documentElement: { lang: "" } });
    vi.stubGlobal("window", { localStorage: new FakeStorage() });
    await startLanguage();
  };
  try {
    await show([tag]);
    look();
  } finally {
    await show(["en"]);
    vi.unstubAllGlobals();
  }
}

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

/** The service's own sentences are English: only other languages have them beside the page's. */
const { server, ...ownOfZh } = zh;

describe("the message files", () => {
  it("have the same keys", () => {
    const keys = (messages: Messages) => [...new Set(flat(messages).map(([key]) => key))].sort();
    expect(keys(ownOfZh)).toEqual(keys(en));
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
    expect(named(ownOfZh)).toEqual(named(en));
  });

  it("say everything in their own language", () => {
    expect(flat(en).filter(([, text]) => /\p{Script=Han}/u.test(text))).toEqual([]);
    const withoutNames = (text: string) => text.replace(/\{\{\w+\}\}/g, "").replace(/[\p{P}\p{S}\s]/gu, "");
    const foreign = flat(zh).filter(([, text]) => withoutNames(text) !== "" && !/\p{Script=Han}/u.test(text));
    expect(foreign).toEqual([]);
  });

  it("write Chinese with its own punctuation", () => {
    expect(flat(zh).filter(([, text]) => /[,;:?!()]/.test(text.replace(/https?:/g, "")))).toEqual([]);
  });

  it("translate the service's codes where the reader reads Chinese, and leave them as they are where not", async () => {
    const told = { code: "DAMAGED", message: "The video is damaged at 1.2 s." };
    expect(sentence(told)).toBe(told.message);
    await shownIn("zh-CN", () => expect(sentence(told)).toBe(server.DAMAGED));
    await shownIn("zh-CN", () => expect(sentence({ ...told, code: "NEVER_HEARD_OF" })).toBe(told.message));
  });

  it("say the page's own troubles in the language of the moment", async () => {
    const own = found("TOO_LARGE", "tooLarge", { size: "600 MB", most: "500 MB" });
    expect(sentence(own)).toBe("The file has 600 MB; at most 500 MB are taken.");
    await shownIn("zh-CN", () => expect(sentence(own)).toMatch(/600 MB.*500 MB/));
    await shownIn("zh-CN", () => expect(sentence(own)).toMatch(/\p{Script=Han}/u));
  });

  it("name dives as Chinese judges do", async () => {
    await shownIn("zh-CN", () => {
      const words = (number: string) => diveInWords(readDiveNumber(number) ?? assert.fail(number));
      expect(["107B", "5253B", "626C", "307C", "401B", "5132D"].map(words)).toEqual([
        "向前翻腾三周半屈体",
        "向后翻腾两周半转体一周半屈体",
        "臂立向后翻腾三周抱膝",
        "反身翻腾三周半抱膝",
        "向内跳水屈体",
        "向前翻腾一周半转体一周任意姿势",
      ]);
    });
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
