import { beforeEach, expect, it, vi } from "vitest";
import { ApiError, noAnswer } from "../api/problems";
import type { PartAddress, PartToSend } from "../api/types";
import { PartsSender } from "./sender";
import type { Answer, OnProgress } from "./storage";
import type { Told } from "./told";

vi.mock("./fingerprint", () => ({ sha256: async (part: Blob) => `sha of ${await part.text()}` }));

const PLAN = { partSize: 4, count: 3 };
const STORED: Answer = { status: 200, text: "" };
const address = (number: number): PartAddress => ({
  number,
  url: `https://bucket/video?partNumber=${number}&X-Amz-Expires=900`,
  headers: {},
});

const ask = vi.fn<(parts: PartToSend[]) => Promise<{ present: number[]; addresses: PartAddress[]; expiresAt: string }>>();
const put = vi.fn<(address: PartAddress, part: Blob, onProgress: OnProgress, signal: AbortSignal) => Promise<Answer>>();
const complete = vi.fn<() => Promise<unknown>>();
let stored: Map<number, string>;
let progress: number[];
let told: Told[];

function sender(file: Blob = new Blob(["aaaabbbbcc"])): PartsSender {
  return new PartsSender({
    file,
    plan: PLAN,
    ask,
    put,
    complete,
    onProgress: (sent) => progress.push(sent),
    onTold: (news) => told.push(news),
  });
}

beforeEach(() => {
  vi.resetAllMocks();
  stored = new Map();
  progress = [];
  told = [];
  ask.mockImplementation((parts) => {
    const present = [...stored.keys()];
    const addresses = parts.filter(({ number }) => !stored.has(number)).map(({ number }) => address(number));
    return Promise.resolve({ present, addresses, expiresAt: "" });
  });
  put.mockImplementation(async ({ number }, part, onProgress) => {
    stored.set(number, await part.text());
    onProgress(part.size);
    return STORED;
  });
  complete.mockResolvedValue({});
});

it("sends every slice with its hash, and then completes", async () => {
  await sender().run();
  expect([...stored].sort()).toEqual([
    [1, "aaaa"],
    [2, "bbbb"],
    [3, "cc"],
  ]);
  expect(ask.mock.calls[0]?.[0]).toEqual([
    { number: 1, sha256: "sha of aaaa" },
    { number: 2, sha256: "sha of bbbb" },
    { number: 3, sha256: "sha of cc" },
  ]);
  expect(complete).toHaveBeenCalledTimes(1);
  expect(progress.at(-1)).toBe(10);
});

it("sends what is missing, and counts what was there", async () => {
  stored.set(1, "aaaa").set(3, "cc");
  await sender().run();
  expect(put.mock.calls.map(([{ number }]) => number)).toEqual([2]);
  expect(progress[0]).toBe(6);
});

it("tells a broken line and goes on by itself", async () => {
  put.mockRejectedValueOnce(noAnswer());
  ask.mockImplementationOnce((parts) => Promise.resolve({ present: [2, 3], addresses: parts.map(({ number }) => address(number)), expiresAt: "" }));
  await sender().run();
  expect(told.map(({ state, reason }) => `${state} ${reason}`.trim())).toEqual(["sending", "waiting NETWORK", "sending"]);
  expect(told[1]?.until).toBeGreaterThan(Date.now() - 1000);
  expect(stored.get(1)).toBe("aaaa");
});

it("stops what is being sent when it is paused, and sends it again when it goes on", async () => {
  const signals: AbortSignal[] = [];
  put.mockImplementation((_address, _part, _progress, signal) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  });
  const one = sender();
  const ending = one.run();
  await vi.waitFor(() => expect(signals).toHaveLength(3));
  one.pause();
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
  expect(told.at(-1)?.state).toBe("paused");
  put.mockImplementation(({ number }) => {
    stored.set(number, "");
    return Promise.resolve(STORED);
  });
  one.resume();
  await ending;
  expect(stored.size).toBe(3);
});

it("says that the file changed when it can be read no more", async () => {
  const file = new Blob(["aaaabbbbcc"]);
  put.mockImplementation(() => {
    vi.spyOn(file, "slice").mockImplementation(() => {
      const piece = new Blob();
      vi.spyOn(piece, "arrayBuffer").mockRejectedValue(new DOMException("", "NotReadableError"));
      return piece;
    });
    return Promise.reject(noAnswer());
  });
  await expect(sender(file).run()).rejects.toMatchObject({ code: "FILE_CHANGED" });
});

it("passes on why the service takes no more parts", async () => {
  ask.mockRejectedValue(new ApiError("UPLOAD_EXPIRED", "Too late.", 409));
  await expect(sender().run()).rejects.toMatchObject({ code: "UPLOAD_EXPIRED", message: "Too late." });
});

it("ends when news of the job says that the video is there", async () => {
  complete.mockReturnValue(new Promise(() => undefined));
  const one = sender();
  const ending = one.run();
  await vi.waitFor(() => expect(complete).toHaveBeenCalled());
  one.heard("QUEUED");
  await expect(ending).resolves.toBeUndefined();
});
