import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, noAnswer } from "../api/problems";
import type { CreatedJob, Job, JobView } from "../api/types";
import { aJob, aResult, aToken } from "../testing/samples";
import { FakeStorage } from "../testing/storage";
import { Memory, type Remembered } from "./memory";
import { type LinkHandlers, Pool } from "./pool";
import { stageOf } from "./stage";
import type { Storage as UploadStorage } from "../uploads/storage";

vi.mock("../uploads/fingerprint", () => ({
  // The real one waits for another thread, which no fake clock moves.
  fingerprint: ({ name, size, lastModified }: File) => Promise.resolve(`${name} ${size} ${lastModified}`),
  sha256: (part: Blob) => Promise.resolve(`sha of ${part.size}`),
}));

const MAX_UPLOAD_BYTES = 50;
let storage: FakeStorage;
let handlers: LinkHandlers;
let created: number;
const watch = vi.fn();
const unwatch = vi.fn();
const nudge = vi.fn();
const createJob = vi.fn();
const erase = vi.fn();
const amend = vi.fn();
const mark = vi.fn();
const share = vi.fn();
const playback = vi.fn();
const getJob = vi.fn();
const postForm = vi.fn<UploadStorage["postForm"]>();
const putPart = vi.fn<UploadStorage["putPart"]>();
const askForParts = vi.fn();
const complete = vi.fn();
/** The answer to each idempotency key. */
let made: Map<string, CreatedJob>;

function start(): Pool {
  return new Pool({
    api: { createJob, askForParts, complete, getJob, amend, mark, erase, share, playback },
    storage: { postForm, putPart },
    maxUploadBytes: MAX_UPLOAD_BYTES,
    memory: new Memory(storage, () => Date.parse("2026-11-23T08:00:00Z")),
    link: (given) => {
      handlers = given;
      return { watch, unwatch, nudge, close: () => undefined };
    },
  });
}

function video(name = "dive.webm", content = "12345"): File {
  return new File([content], name, { type: "video/webm", lastModified: 1 });
}

function newJob(): CreatedJob {
  created += 1;
  const jobId = `j${created}`;
  return {
    jobId,
    token: aToken(jobId),
    upload: { url: "https://bucket", fields: {}, expiresAt: "" },
    live: { url: "ws://live" },
    job: aJob({ jobId }),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  storage = new FakeStorage();
  created = 0;
  made = new Map();
  createJob.mockImplementation((_job: unknown, key: string) => {
    const answer = made.get(key) ?? newJob();
    made.set(key, answer);
    return Promise.resolve(answer);
  });
  erase.mockImplementation((jobId: string) => Promise.resolve({ job: aJob({ jobId, status: "CANCELLED", version: 50 }) }));
  postForm.mockResolvedValue(undefined);
});

afterEach(() => {
  vi.useRealTimers();
});

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const first = (pool: Pool) => {
  const dive = pool.snapshot().dives[0];
  if (dive === undefined) throw new Error("no dive");
  return dive;
};

describe("sending", () => {
  it("creates, watches, posts and remembers", async () => {
    const pool = start();
    pool.add([video()], { dive: "107B" });
    await settle();
    expect(createJob.mock.calls[0]?.[0]).toEqual({ filename: "dive.webm", contentType: "video/webm", sizeBytes: 5, dive: "107B" });
    expect(watch).toHaveBeenCalledWith("j1", aToken("j1"), "ws://live");
    expect(watch.mock.invocationCallOrder[0]).toBeLessThan(postForm.mock.invocationCallOrder[0] ?? 0);
    expect(first(pool).upload.phase).toBe("sent");
    expect(new Memory(storage).list()).toMatchObject([{ jobId: "j1", sent: true, filename: "dive.webm" }]);
  });

  it("tells a wrong file at once and sends nothing", async () => {
    const pool = start();
    pool.add([new File(["hi"], "notes.txt", { type: "text/plain" }), new File([], "empty.mp4", { type: "video/mp4" })], {});
    await settle();
    expect(pool.snapshot().dives.map((dive) => dive.refusal?.code)).toEqual(["UNSUPPORTED_TYPE", "EMPTY_FILE"]);
    expect(createJob).not.toHaveBeenCalled();
  });

  it("tells a video beyond the service's limit at once, and sends the one at the limit", async () => {
    const pool = start();
    pool.add([video("long.webm", "x".repeat(MAX_UPLOAD_BYTES + 1)), video("good.webm", "x".repeat(MAX_UPLOAD_BYTES))], {});
    await settle();
    expect(pool.snapshot().dives.map((dive) => dive.refusal?.code)).toEqual(["TOO_LARGE", undefined]);
    expect(createJob).toHaveBeenCalledTimes(1);
    expect(pool.outbox.holds(pool.snapshot().dives[0]?.key ?? "")).toBe(false);
  });

  it("sends two at a time and the rest after them", async () => {
    const finish: (() => void)[] = [];
    postForm.mockImplementation(() => new Promise<void>((resolve) => finish.push(() => resolve())));
    const pool = start();
    pool.add([video("a.webm"), video("b.webm"), video("c.webm")], {});
    await settle();
    expect(pool.snapshot().dives.map((dive) => dive.upload.phase)).toEqual(["sending", "sending", "waiting"]);
    expect(pool.sending).toBe(true);
    finish[0]?.();
    await settle();
    expect(pool.snapshot().dives.map((dive) => dive.upload.phase)).toEqual(["sent", "sending", "sending"]);
  });

  it("tries again by itself after a break, with the same job", async () => {
    postForm.mockRejectedValueOnce(noAnswer());
    const pool = start();
    pool.add([video()], {});
    await settle(2_000);
    expect(postForm).toHaveBeenCalledTimes(2);
    expect(createJob).toHaveBeenCalledTimes(1);
    expect(first(pool).upload.phase).toBe("sent");
  });

  it("creates again with the same idempotency key after a lost answer", async () => {
    createJob.mockRejectedValueOnce(noAnswer());
    const pool = start();
    pool.add([video()], {});
    await settle(2_000);
    expect(createJob.mock.calls[0]?.[1]).toBe(createJob.mock.calls[1]?.[1]);
    expect(first(pool).jobId).toBe("j1");
  });

  it("keeps the job of an upload that storage refused, and goes on with it", async () => {
    postForm.mockRejectedValueOnce(new ApiError("UPLOAD_REFUSED", "No.", 400));
    const pool = start();
    pool.add([video()], {});
    await settle();
    expect(first(pool)).toMatchObject({ jobId: "j1", upload: { phase: "broken", problem: { code: "UPLOAD_REFUSED" } } });
    expect(erase).not.toHaveBeenCalled();
    pool.outbox.retry(first(pool).key);
    await settle();
    expect(first(pool)).toMatchObject({ jobId: "j1", token: aToken("j1"), upload: { phase: "sent" } });
    expect(createJob.mock.calls[0]?.[1]).toBe(createJob.mock.calls[1]?.[1]);
  });

  it("tells the server when a broken upload is removed", async () => {
    postForm.mockRejectedValueOnce(new ApiError("UPLOAD_REFUSED", "No.", 400));
    const pool = start();
    pool.add([video()], {});
    await settle();
    pool.remove(first(pool).key);
    expect(erase).toHaveBeenCalledWith("j1", aToken("j1"));
    expect(new Memory(storage).list()).toEqual([]);
  });

  it("asks for another job when the time of the first has passed", async () => {
    postForm.mockRejectedValueOnce(new ApiError("UPLOAD_EXPIRED", "Too late.", 403));
    const pool = start();
    pool.add([video()], { dive: "107B" });
    await settle();
    expect(first(pool)).toMatchObject({ jobId: "j2", upload: { phase: "sent" } });
    expect(erase).toHaveBeenCalledWith("j1", aToken("j1"));
    expect(createJob.mock.calls[1]?.[0]).toMatchObject({ dive: "107B" });
  });

  it("waits as long as the service says, and tells until when", async () => {
    createJob.mockRejectedValueOnce(new ApiError("RATE_LIMITED", "Slow.", 429, 120));
    const pool = start();
    pool.add([video()], {});
    await settle();
    expect(first(pool).upload.told).toMatchObject({ state: "waiting", reason: "RATE_LIMITED", until: Date.now() + 120_000 });
    expect(stageOf(first(pool)).label).toBe("Waiting for its turn");
    pool.retryAll();
    await settle(119_000);
    expect(createJob).toHaveBeenCalledTimes(1);
    await settle(1_000);
    expect(first(pool).upload.phase).toBe("sent");
  });

  it("stops without a network and goes on when it is back, by itself", async () => {
    let signal: AbortSignal | undefined;
    postForm.mockImplementationOnce((_form, _file, _progress, given) => {
      signal = given;
      return new Promise((_, reject) => given.addEventListener("abort", () => reject(given.reason as Error)));
    });
    const pool = start();
    pool.add([video()], {});
    await settle();
    pool.outbox.offline();
    await settle(3_600_000);
    expect(signal?.aborted).toBe(true);
    expect(stageOf(first(pool)).label).toBe("No network");
    pool.outbox.online();
    await settle();
    expect(first(pool)).toMatchObject({ jobId: "j1", upload: { phase: "sent" } });
    expect(createJob).toHaveBeenCalledTimes(1);
    expect(nudge).toHaveBeenCalledTimes(1);
  });

  it("goes on with the same job after a reload, once the same file is chosen", async () => {
    postForm.mockReturnValueOnce(new Promise(() => undefined));
    start().add([video()], { dive: "107B" });
    await settle();
    const reloaded = start();
    reloaded.recall();
    expect(first(reloaded).upload).toMatchObject({ phase: "lost", resumable: true });
    await expect(reloaded.takeUp("j1", video("dive.webm", "1234"))).rejects.toMatchObject({ code: "OTHER_FILE" });
    await reloaded.takeUp("j1", video());
    await settle();
    expect(first(reloaded)).toMatchObject({ jobId: "j1", token: aToken("j1"), upload: { phase: "sent" } });
    expect(createJob.mock.calls[1]).toEqual(createJob.mock.calls[0]);
    expect(new Memory(storage).list()[0]?.unsent).toBeUndefined();
  });

  it("knows the file of an interrupted upload when it is dropped anywhere, and takes another as a new dive", async () => {
    postForm.mockReturnValueOnce(new Promise(() => undefined));
    start().add([video()], {});
    await settle();
    const reloaded = start();
    reloaded.recall();
    reloaded.add([new File(["12345"], "dive.webm", { type: "video/webm", lastModified: 2 })], {});
    await settle();
    expect(reloaded.snapshot().dives.map((dive) => [dive.jobId, dive.upload.phase])).toEqual([
      ["j2", "sent"],
      ["j1", "lost"],
    ]);
    reloaded.add([video()], {});
    await settle();
    expect(reloaded.snapshot().dives.map((dive) => [dive.jobId, dive.upload.phase])).toEqual([
      ["j2", "sent"],
      ["j1", "sent"],
    ]);
  });

  it("sends a large video in parts, and pauses and goes on without losing any", async () => {
    createJob.mockResolvedValue({ ...newJob(), upload: { parts: { partSize: 2, count: 3, expiresAt: "" } } });
    const present: number[] = [];
    askForParts.mockImplementation((_job: string, _token: string, parts: { number: number }[]) =>
      Promise.resolve({ present: [...present], addresses: parts.map(({ number }) => ({ number, url: "https://bucket/?X-Amz-Expires=900", headers: {} })) }),
    );
    complete.mockResolvedValue({});
    putPart.mockImplementation(({ number }, _part, _progress, signal) => {
      if (number === 1) present.push(1);
      if (number === 1) return Promise.resolve({ status: 200, text: "" });
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    });
    const pool = start();
    pool.add([video()], {});
    await settle();
    const { key } = first(pool);
    pool.outbox.pause(key);
    await settle();
    expect(first(pool).upload).toMatchObject({ phase: "sending", inParts: true, sentBytes: 2, told: { state: "paused" } });
    putPart.mockImplementation(({ number }) => {
      present.push(number);
      return Promise.resolve({ status: 200, text: "" });
    });
    pool.outbox.resume(key);
    await settle();
    expect(first(pool).upload.phase).toBe("sent");
    expect(putPart.mock.calls.map(([{ number }]) => number)).toEqual([1, 2, 3, 2, 3]);
    expect(complete).toHaveBeenCalledWith("j1", aToken("j1"));
  });

  it("says that a file changed, and sends what it is now as a new job on the same card", async () => {
    const stale = video("dive.webm", "12345");
    let readable = true;
    vi.spyOn(stale, "slice").mockImplementation(() => {
      const piece = new Blob(["1"]);
      vi.spyOn(piece, "arrayBuffer").mockImplementation(() =>
        readable ? Promise.resolve(new ArrayBuffer(1)) : Promise.reject(new DOMException("", "NotReadableError")),
      );
      return piece;
    });
    postForm.mockImplementationOnce(() => {
      readable = false;
      return Promise.reject(noAnswer());
    });
    const pool = start();
    pool.add([stale], { dive: "107B" });
    await settle(10_000);
    const { key, upload } = first(pool);
    expect(upload).toMatchObject({ phase: "broken", problem: { code: "FILE_CHANGED" } });
    expect(upload.problem?.message).toContain("changed since you chose it");
    expect(postForm).toHaveBeenCalledTimes(1);
    expect(erase).not.toHaveBeenCalled();
    pool.outbox.replace(key, video("dive.webm", "123456"));
    expect(erase).toHaveBeenCalledWith("j1", aToken("j1"));
    await settle();
    expect(first(pool)).toMatchObject({ key, jobId: "j2", sizeBytes: 6, upload: { phase: "sent" } });
    expect(createJob.mock.calls[1]?.[0]).toMatchObject({ sizeBytes: 6, dive: "107B" });
  });

  it("takes storage's word that the size is another", async () => {
    postForm.mockRejectedValueOnce(new ApiError("SIZE_MISMATCH", "Changed.", 400));
    const pool = start();
    pool.add([video()], {});
    await settle();
    expect(first(pool).upload.problem?.code).toBe("FILE_CHANGED");
  });

  it("stops when cancelled in the middle", async () => {
    let signal: AbortSignal | undefined;
    postForm.mockImplementation((_form, _file, _progress, given) => {
      signal = given;
      return new Promise((_, reject) => given.addEventListener("abort", () => reject(given.reason as Error)));
    });
    const pool = start();
    pool.add([video()], {});
    await settle();
    await pool.cancel(first(pool).key);
    expect(signal?.aborted).toBe(true);
    expect(first(pool).job?.status).toBe("CANCELLED");
    expect(pool.sending).toBe(false);
  });

  it("erases the job whose answer came after it was cancelled", async () => {
    let answer: (created: CreatedJob) => void = () => undefined;
    createJob.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
    const pool = start();
    pool.add([video()], {});
    await settle();
    await pool.cancel(first(pool).key);
    answer(newJob());
    await settle();
    expect(erase).toHaveBeenCalledWith("j1", aToken("j1"));
    expect(postForm).not.toHaveBeenCalled();
    expect(pool.snapshot().dives).toEqual([]);
  });
});

describe("watching", () => {
  const push = (change: Partial<Job>) => handlers.onJob(aJob({ jobId: "j1", ...change }));

  it("follows pushes to the end, then lets the job go", async () => {
    const pool = start();
    pool.add([video()], {});
    await settle();
    push({ version: 2, status: "QUEUED" });
    push({ version: 3, status: "SCORED" });
    expect(first(pool).job?.status).toBe("SCORED");
    expect(unwatch).toHaveBeenCalledWith("j1");
  });

  it("keeps watching a failed job, which may be sent round again", async () => {
    const pool = start();
    pool.add([video()], {});
    await settle();
    push({ version: 3, status: "FAILED" });
    expect(unwatch).not.toHaveBeenCalled();
    push({ version: 4, status: "QUEUED" });
    expect(first(pool).job?.status).toBe("QUEUED");
  });

  it("shows a refused token and forgets it", async () => {
    const pool = start();
    pool.add([video()], {});
    await settle();
    handlers.onRefused("j1", { code: "TOKEN_EXPIRED", message: "Expired." });
    expect(first(pool).refusal?.code).toBe("TOKEN_EXPIRED");
    expect(new Memory(storage).list()).toEqual([]);
  });

  it("finds its dives again after a reload", async () => {
    start().add([video()], {});
    await settle();
    const reloaded = start();
    watch.mockClear();
    reloaded.recall();
    expect(watch).toHaveBeenCalledWith("j1", aToken("j1"));
    expect(first(reloaded)).toMatchObject({ jobId: "j1", filename: "dive.webm", upload: { phase: "sent" } });
  });

  it("opens a share link without remembering it, and tells a damaged one", () => {
    const pool = start();
    pool.watchShared(aToken("j9", "read"));
    expect(watch).toHaveBeenCalledWith("j9", aToken("j9", "read"));
    expect(storage.length).toBe(0);
    pool.watchShared("nonsense");
    expect(first(pool).refusal?.code).toBe("UNAUTHORIZED");
  });
});

it("remembers that a video was erased", async () => {
  const pool = start();
  pool.add([video()], {});
  await settle();
  handlers.onJob(aJob({ jobId: "j1", version: 60, status: "SCORED" }));
  await pool.erase(first(pool).key);
  expect(first(pool)).toMatchObject({ videoErased: true, job: { status: "SCORED" } });
  expect(new Memory(storage).list()[0]?.videoErased).toBe(true);
});

it("reads a result whose pictures a push left out, once, and shows the verdict meanwhile", async () => {
  const pool = start();
  pool.add([video()], {});
  await vi.runAllTimersAsync();
  const bare = aJob({ jobId: "j1", version: 4, status: "SCORED", result: aResult({ strip: null }) });
  const whole = { ...bare, result: aResult({}) };
  let answer: (view: JobView) => void = () => undefined;
  getJob.mockReturnValue(new Promise((resolve) => (answer = resolve)));
  handlers.onJob(bare);
  handlers.onJob(bare);
  expect(first(pool).job?.result).toMatchObject({ strip: null, score: 84.15 });
  answer({ job: whole, live: { url: "ws://live" } });
  await vi.runAllTimersAsync();
  expect(first(pool).job?.result?.strip?.frames).toBe(2);
  expect(getJob).toHaveBeenCalledTimes(1);
});

describe("another tab", () => {
  const entry: Remembered = {
    jobId: "elsewhere",
    token: aToken("elsewhere"),
    filename: "other.webm",
    sizeBytes: 5,
    addedAt: 0,
    expiresAt: "2026-11-30T07:00:00.000Z",
    sent: false,
    videoErased: false,
  };

  it("brings its dives here too, once", () => {
    const pool = start();
    pool.hear("elsewhere", entry);
    pool.hear("elsewhere", { ...entry, sent: true });
    expect(pool.snapshot().dives.map((dive) => [dive.filename, stageOf(dive).outcome])).toEqual([["other.webm", "open"]]);
    expect(watch).toHaveBeenCalledExactlyOnceWith("elsewhere", entry.token);
  });

  it("erases and removes here too", () => {
    const pool = start();
    pool.hear("elsewhere", entry);
    pool.hear("elsewhere", { ...entry, videoErased: true });
    expect(first(pool).videoErased).toBe(true);
    pool.hear("elsewhere", null);
    expect(pool.snapshot().dives).toEqual([]);
    expect(unwatch).toHaveBeenCalledWith("elsewhere");
  });

  it("reads again what was corrected there, and only that", () => {
    const pool = start();
    pool.hear("elsewhere", entry);
    handlers.onJob(aJob({ jobId: "elsewhere", status: "SCORED", version: 5, result: aResult({}) }));
    watch.mockClear();
    pool.hear("elsewhere", { ...entry, version: 5 });
    expect(watch).not.toHaveBeenCalled();
    pool.hear("elsewhere", { ...entry, version: 6 });
    expect(watch).toHaveBeenCalledExactlyOnceWith("elsewhere", entry.token);
  });

  it("hears of the judges' marks, and that they went with the video", () => {
    const pool = start();
    pool.hear("elsewhere", entry);
    pool.hear("elsewhere", { ...entry, marks: { execution: 25.5 } });
    expect(first(pool).marks).toEqual({ execution: 25.5 });
    pool.hear("elsewhere", { ...entry, marks: { execution: 25.5 }, videoErased: true });
    expect(first(pool).marks).toBeUndefined();
  });

  it("takes no card from here that can still be sent again", async () => {
    const pool = start();
    postForm.mockRejectedValue(new ApiError("UPLOAD_REFUSED", "no", 403));
    pool.add([video()], {});
    await vi.runAllTimersAsync();
    pool.hear("j1", null);
    expect(first(pool).upload.phase).toBe("broken");
  });
});

it("erases on the next visit what the page was left before the service had heard of", async () => {
  const left = start();
  left.add([video()], {});
  await vi.runAllTimersAsync();
  erase.mockReturnValueOnce(new Promise(() => undefined));
  void left.erase(first(left).key);
  const next = start();
  next.recall();
  await vi.runAllTimersAsync();
  expect(erase).toHaveBeenCalledTimes(2);
  expect(first(next).videoErased).toBe(true);
});

describe("a scored dive", () => {
  const scored = async (): Promise<Pool> => {
    const pool = start();
    pool.add([video()], {});
    await settle();
    handlers.onJob(aJob({ status: "SCORED", version: 5, result: aResult({}) }));
    return pool;
  };
  const remembered = (): Remembered => JSON.parse(storage.getItem("divescore.dive.j1") ?? "null") as Remembered;

  it("shows the score that a correction gives, and tells other tabs its version", async () => {
    const pool = await scored();
    amend.mockResolvedValue({ job: aJob({ status: "SCORED", version: 6, result: aResult({ score: 70 }) }) });
    expect((await pool.amend(first(pool).key, { dive: "107B" })).result?.score).toBe(70);
    expect(amend).toHaveBeenCalledWith("j1", aToken("j1"), { dive: "107B" });
    expect(first(pool).job?.result?.score).toBe(70);
    expect(remembered().version).toBe(6);
  });

  it("stays as it is when a correction is refused", async () => {
    const pool = await scored();
    amend.mockRejectedValue(new ApiError("DIVE_IMPOSSIBLE", "no", 400));
    await expect(pool.amend(first(pool).key, { dive: "107A" })).rejects.toThrow("no");
    expect(first(pool).job?.version).toBe(5);
    expect(remembered().version).toBeUndefined();
  });

  it("keeps in mind which marks were given, until they are erased with the video", async () => {
    const pool = await scored();
    mark.mockResolvedValue({ job: first(pool).job });
    await pool.mark(first(pool).key, { execution: 25.5 });
    expect(mark).toHaveBeenCalledWith("j1", aToken("j1"), { execution: 25.5, consent: true });
    const next = start();
    next.recall();
    expect(first(next).marks).toEqual({ execution: 25.5 });
    await next.erase(first(next).key);
    expect(first(next).marks).toBeUndefined();
    const last = start();
    last.recall();
    expect(first(last).marks).toBeUndefined();
  });

  it("gets the pictures of a corrected version too when a push was too small for them", async () => {
    await scored();
    getJob.mockImplementation((jobId: string) => Promise.resolve({ job: aJob({ jobId }), live: { url: "" } }));
    const { strip, ...result } = aResult({});
    for (const version of [6, 6, 7]) handlers.onJob(aJob({ status: "SCORED", version, result }));
    expect(getJob).toHaveBeenCalledTimes(2);
  });
});
