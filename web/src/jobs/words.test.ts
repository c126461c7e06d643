import { describe, expect, it } from "vitest";
import type { DiveClass } from "../api/types";
import { fact } from "../testing/facts";
import { aDive, aJob, aToken } from "../testing/samples";
import { readDiveNumber } from "./divenumber";
import { ACCEPT, contentTypeOf, isRead, problemOf, problemOfBytes } from "./files";
import { Speedometer } from "./speed";
import { stageOf } from "./stage";
import { readToken, sharedToken } from "./tokens";
import { bytes, diveInWords, figure, limit, span, timeLeft, turns } from "./words";

describe("dives in words", () => {
  const dive = { number: null, source: "given", armstand: false, rotation: "forward", position: "pike", halfSomersaults: 7, halfTwists: 0 } as const;
  it.each([
    [dive, "Forward 3½ somersaults, pike"],
    [{ ...dive, rotation: "back", halfSomersaults: 5, halfTwists: 3 }, "Back 2½ somersaults, 1½ twists, pike"],
    [{ ...dive, halfSomersaults: 1, position: "straight" }, "Forward dive, straight"],
    [{ ...dive, halfSomersaults: 2, halfTwists: 2 }, "Forward 1 somersault, 1 twist, pike"],
    [{ ...dive, armstand: true, rotation: "back", halfSomersaults: 6, position: "tuck" }, "Armstand, back 3 somersaults, tuck"],
  ])("%o", (value, words) => {
    expect(diveInWords(value)).toBe(words);
  });

  it("counts half turns as divers do", () => {
    expect([1, 2, 3, 8].map(turns)).toEqual(["½", "1", "1½", "4"]);
  });
});

describe("dive numbers", () => {
  it.each([
    ["107b", "Forward 3½ somersaults, pike"],
    [" 5253B ", "Back 2½ somersaults, 1½ twists, pike"],
    ["626C", "Armstand, back 3 somersaults, tuck"],
    ["6243D", "Armstand, back 2 somersaults, 1½ twists, free"],
    ["301C", "Reverse dive, tuck"],
  ])("%s is %s", (text, words) => {
    const dive = readDiveNumber(text);
    expect(dive === null ? null : diveInWords(dive)).toBe(words);
  });

  const numbers = fact<{ good: (DiveClass & { text: string })[]; bad: string[] }>("dive-numbers");

  it.each(numbers.good)("$text says what it says in Python", ({ text, ...dive }) => {
    expect(readDiveNumber(text)).toEqual({ ...dive, source: "given" });
  });

  it.each(numbers.bad)("%j is none", (text) => {
    expect(readDiveNumber(text)).toBeNull();
  });
});

describe("amounts", () => {
  it("are short", () => {
    expect([0, 900, 20_000, 5_500_000, 200 * 1024 * 1024].map(bytes)).toEqual(["0 B", "900 B", "20 kB", "5.2 MB", "200 MB"]);
    expect([3 * 2 ** 30, 2.5 * 2 ** 30].map(bytes)).toEqual(["3.0 GB", "2.5 GB"]);
    expect([50, 100, 200, 500, 1024, 4096].map((mega) => limit(mega * 2 ** 20))).toEqual(["50 MB", "100 MB", "200 MB", "500 MB", "1 GB", "4 GB"]);
    expect([3.3, 19, 18.979].map(figure)).toEqual(["3.3", "19.0", "18.98"]);
    expect([0.0413, 2.34, 240].map(span)).toEqual(["41 ms", "2.3 s", "4 min"]);
    expect([0.4, 20.4, 200, Number.POSITIVE_INFINITY].map(timeLeft)).toEqual(["about a second left", "about 20 s left", "about 3 min left", ""]);
  });
});

describe("files", () => {
  it("may be chosen whatever camera they come from", () => {
    expect(ACCEPT.split(",")).toEqual(expect.arrayContaining(["video/*", ".mp4", ".mov", ".avi", ".mkv", ".3gp", ".mts", ".m2ts"]));
  });

  it.each([
    ["application/mp4", "application/mp4"],
    ["video/webm;codecs=vp9", "video/webm"],
    ["Audio/3GPP", "audio/3gpp"],
    ["", "application/octet-stream"],
  ])("of type %j are declared as %s", (type, expected) => {
    expect(contentTypeOf(type)).toBe(expected);
  });

  it.each(fact<{ name: string; hex: string; read: boolean }[]>("first-bytes"))("$name: read $read", ({ hex, read }) => {
    expect(isRead(Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)))).toBe(read);
  });

  it.each([
    ["dive.mp4", "%PDF-1.7", "", null],
    ["dive.dat", "RIFF1234AVI LIST", "", null],
    ["dive", "%PDF-1.7", "", null],
    ["rules.pdf", "%PDF-1.7", "application/pdf", "UNSUPPORTED_TYPE"],
    ["notes.txt", "hi", "text/plain", "UNSUPPORTED_TYPE"],
  ])("%s that begins with %j is refused only where both say so", async (name, content, type, expected) => {
    expect((await problemOfBytes(new File([content], name, { type })))?.code ?? null).toBe(expected);
  });

  it("may have any size up to the service's largest, but none", () => {
    const largest = 500 * 2 ** 20;
    expect(problemOf({ size: largest }, largest)).toBeNull();
    expect(problemOf({ size: 0 }, largest)?.code).toBe("EMPTY_FILE");
    expect(problemOf({ size: 600 * 2 ** 20 }, largest)).toMatchObject({
      code: "TOO_LARGE",
      message: "The file has 600 MB; at most 500 MB are taken.",
    });
  });

  it("that are larger by a byte are told apart from the limit", () => {
    const problem = problemOf({ size: 2 ** 30 + 1 }, 2 ** 30);
    expect(problem?.message).toBe("The file is a little larger than 1 GB, which is the most that is taken.");
  });
});

describe("stages", () => {
  it("move along the rope and never back on the way of one dive", () => {
    const sending = (sentBytes: number) => aDive({ job: aJob({}), sizeBytes: 100, upload: { phase: "sending", sentBytes, speed: 0 } });
    const sent = { phase: "sent", sentBytes: 100, speed: 0 } as const;
    const processing = (stage: string, fraction: number) =>
      aDive({ upload: sent, job: aJob({ status: "PROCESSING", progress: { stage, fraction } }) });
    const way = [
      sending(0),
      sending(60),
      aDive({ upload: sent, job: aJob({}) }),
      aDive({ upload: sent, job: aJob({ status: "QUEUED" }) }),
      processing("downloading", 0),
      processing("decoding", 0.3),
      processing("decoding", 0.7),
      processing("scoring", 0.4),
      processing("scoring", 0.9),
      aDive({ upload: sent, job: aJob({ status: "SCORED" }) }),
    ].map((dive) => stageOf(dive).fraction);
    expect(way).toEqual([...way].sort((a, b) => a - b));
    expect(way.at(-1)).toBe(1);
  });

  it("tell the place in the queue when it is known", () => {
    const queued = (ahead?: number) => stageOf(aDive({ job: aJob({ status: "QUEUED", ...(ahead === undefined ? {} : { ahead }) }) })).label;
    expect([queued(), queued(0), queued(3)]).toEqual(["In the queue", "Next in the queue", "In the queue, about 3 before it"]);
  });
});

describe("tokens", () => {
  it("say their job and their scopes", () => {
    expect(readToken(aToken("j1", "read video"))).toEqual({ jobId: "j1", scopes: ["read", "video"] });
  });

  it.each(["", "x", "a.b.c", `a.${btoa("[]")}.c`, `a.${btoa("null")}.c`])("%j is none", (token) => {
    expect(readToken(token)).toBeNull();
  });

  it("are found in a share link's fragment", () => {
    expect(sharedToken("#share=abc")).toBe("abc");
    expect([sharedToken(""), sharedToken("#dives"), sharedToken("#share=")]).toEqual([null, null, null]);
  });
});

it("smooths the speed of an upload", () => {
  const speedometer = new Speedometer(0);
  expect(speedometer.read(10, 50)).toBe(0);
  expect(speedometer.read(1_000, 1_000)).toBe(1_000);
  const slower = speedometer.read(1_100, 2_000);
  expect(slower).toBeLessThan(1_000);
  expect(slower).toBeGreaterThan(100);
});
