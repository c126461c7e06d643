import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { assert, afterEach, describe, expect, it, vi } from "vitest";
import { found, sentence } from "./api/problems";
import { decimal, language, percent, setLanguage, startLanguage, t } from "./i18n";
import { readDiveNumber } from "./jobs/divenumber";
import { diveInWords } from "./jobs/words";
import { LANGUAGE_NAMES, LANGUAGES } from "./languages";
import en from "./messages/en.json";
import zh from "./messages/zh.json";
import { FakeStorage } from "./testing/storage";

const FIRST = readFileSync(new URL("../public/first.js", import.meta.url), "utf8");

/** Loads the page in a browser that prefers some languages, with what it kept from earlier visits. */
async function visit(languages: readonly string[], storage: Storage = new FakeStorage(), hash = ""): Promise<{ lang: string }> {
  const html = { lang: "en", dataset: { languages: LANGUAGE_NAMES.map((name) => LANGUAGES[name].tag).join(" ") } };
  const parts = { navigator: { languages }, document: { documentElement: html }, localStorage: storage, location: { hash } };
  for (const [name, value] of Object.entries(parts)) vi.stubGlobal(name, value);
  vi.stubGlobal("window", parts);
  runInNewContext(FIRST, parts);
  await startLanguage();
  return html;
}

/** Runs something while the page is shown to a reader of a language. */
async function shownIn(tag: string, look: () => void): Promise<void> {
  try {
    await visit([tag]);
    look();
  } finally {
    await visit(["en"]);
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
  afterEach(async () => {
    await visit(["en"]);
    vi.unstubAllGlobals();
  });

  it.each([
    [["zh-CN", "en"], "zh", "zh-Hans"],
    [["de-CH", "zh-TW"], "zh", "zh-Hans"],
    [["en-GB", "zh"], "en", "en"],
    [["fr"], "en", "en"],
    [[], "en", "en"],
  ] as const)("for a browser that prefers %j is %s", async (tags, expected, tag) => {
    const html = await visit(tags);
    expect([language(), html.lang]).toEqual([expected, tag]);
  });

  it("is the browser's at first, and then the one that was chosen", async () => {
    const storage = new FakeStorage();
    const html = await visit(["zh-CN"], storage);
    expect(t("language.label")).toBe(zh.language.label);
    await setLanguage("en");
    expect([language(), html.lang, t("language.label")]).toEqual(["en", "en", en.language.label]);
    await visit(["zh-CN"], storage);
    expect(language()).toBe("en");
  });

  it("decides how numbers are written", async () => {
    await visit(["en-ZA"]);
    expect(decimal(18.976, 2)).toBe(new Intl.NumberFormat("en-ZA", { maximumFractionDigits: 2 }).format(18.976));
    await visit(["zh-CN"]);
    expect([decimal(7, 1), percent(0.954)]).toEqual(["7.0", "95%"]);
  });
});
