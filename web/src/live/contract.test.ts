/** What the running system really said (tests/contract, also read by the Python tests) is what the page understands. */
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpApi } from "../api/http";
import { ApiError } from "../api/problems";
import type { Job, JobView, LiveMessage, Problem } from "../api/types";
import { isFinal, isOpen, reduce } from "../jobs/state";
import { aDive, aJob } from "../testing/samples";
import { FakeSocket } from "../testing/sockets";
import { LiveLink } from "./link";

interface LiveExchange {
  sent: { action: string } | null;
  received: LiveMessage;
}

interface HttpExchange {
  request: { method: string; path: string; body?: unknown };
  status: number;
  body: unknown;
}

function recorded<T>(kind: "live" | "http"): [string, T][] {
  const folder = new URL(`../../../tests/contract/${kind}/`, import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [name.replace(".json", ""), JSON.parse(readFileSync(new URL(name, folder), "utf8")) as T]);
}

const LIVE = recorded<LiveExchange>("live");
const HTTP = recorded<HttpExchange>("http");
const JOBS = LIVE.flatMap(([name, { received }]) => (received.type === "job" ? [[name, received.job] as const] : []));
const ERRORS = LIVE.flatMap(([name, { received }]) => (received.type === "error" ? [[name, received] as const] : []));
const FOR_GOOD = new Set(["UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "JOB_NOT_FOUND"]);

let jobs: Job[];
let refused: [string, Problem][];
let link: LiveLink;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", { OPEN: 1 });
  FakeSocket.all.length = 0;
  jobs = [];
  refused = [];
  link = new LiveLink({
    getJob: (jobId) => Promise.resolve<JobView>({ job: aJob({ jobId }), live: { url: "ws://fresh" } }),
    onJob: (job) => jobs.push(job),
    onState: () => undefined,
    onRefused: (jobId, problem) => refused.push([jobId, problem]),
    openSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
    random: () => 0.5,
  });
});

afterEach(() => {
  link.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function watching(jobId: string): Promise<FakeSocket> {
  link.watch(jobId, "a token", "ws://given");
  await vi.advanceTimersByTimeAsync(0);
  const socket = FakeSocket.latest();
  socket.open();
  return socket;
}

it("was recorded for every state of a job", () => {
  expect(new Set(JOBS.map(([, job]) => job.status)).size).toBe(8);
});

describe.each(JOBS)("the recorded job %s", (_name, job) => {
  it("comes through the link whole", async () => {
    (await watching(job.jobId)).push({ type: "job", job });
    expect(jobs).toEqual([job]);
  });

  it("becomes the state of its dive, unless the page has a newer one", () => {
    const older = aDive({ jobId: job.jobId, job: aJob({ jobId: job.jobId, version: job.version - 1 }) });
    expect(reduce([older], { type: "job", job, at: 0 })[0]?.job).toEqual(job);
    const newer = [aDive({ jobId: job.jobId, job: aJob({ jobId: job.jobId, version: job.version + 1 }) })];
    expect(reduce(newer, { type: "job", job, at: 0 })).toBe(newer);
  });

  it("says what its state promises", () => {
    expect(isOpen(job) || isFinal(job) || job.status === "FAILED").toBe(true);
    expect(job.result !== undefined).toBe(job.status === "SCORED");
    expect(job.error !== undefined).toBe(job.status === "REJECTED" || job.status === "FAILED");
    expect(job.progress !== undefined).toBe(job.status === "PROCESSING");
    expect(Number.isNaN(Date.parse(job.createdAt))).toBe(false);
  });
});

it("shows everything that a result rests on", () => {
  const result = JOBS.find(([name]) => name === "scored")?.[1].result;
  expect(result?.segments.reduce((sum, part) => sum + part.contribution, 0)).toBeCloseTo(result?.score ?? 0, 0);
  expect(result?.strip?.times).toHaveLength(result?.strip?.frames ?? 0);
  expect(result?.interval.low).toBeLessThan(result?.interval.high ?? 0);
  expect(result?.model.trainedOn).toBe("synthetic");
  expect(Object.values(result?.timings ?? {}).every((seconds) => seconds >= 0)).toBe(true);
});

it.each(ERRORS)("the recorded %s ends the watching if it is for good", async (_name, error) => {
  const jobId = error.jobId ?? "j1";
  (await watching(jobId)).push(error);
  const told: [string, Problem][] = [[jobId, { code: error.code, message: error.message }]];
  expect(refused).toEqual(FOR_GOOD.has(error.code) ? told : []);
});

it.each(["pong", "unsubscribed"])("the recorded %s disturbs nothing", async (name) => {
  const message = LIVE.find(([recordedName]) => recordedName === name)?.[1].received;
  (await watching("j1")).push(message ?? {});
  expect([jobs, refused]).toEqual([[], []]);
});

describe("HTTP", () => {
  const answering = (exchange: HttpExchange) =>
    new HttpApi("http://api.test", () => Promise.resolve(Response.json(exchange.body, { status: exchange.status })));
  const find = (name: string) => {
    const exchange = HTTP.find(([recordedName]) => recordedName === name)?.[1];
    if (exchange === undefined) throw new Error(`${name} was not recorded`);
    return exchange;
  };

  it("creates a job", async () => {
    const exchange = find("created");
    const made = await answering(exchange).createJob({ filename: "a", contentType: "video/webm", sizeBytes: 1 }, "key");
    expect(made.job.jobId).toBe(made.jobId);
    expect(made.upload).toMatchObject({ fields: { key: `uploads/${made.jobId}/video` } });
    expect(made.live.url).toMatch(/^wss?:.*\?ticket=/);
    expect(made.token).toBeTruthy();
  });

  it("reads, plays, shares and erases", async () => {
    expect((await answering(find("read-scored")).getJob("a", "t")).job.result?.score).toBeGreaterThan(0);
    expect((await answering(find("video")).playback("a", "t")).url).toMatch(/^http/);
    expect((await answering(find("shared")).share("a", "t", true)).url).toContain("#share=");
    expect((await answering(find("cancelled")).erase("a", "t")).job.status).toBe("CANCELLED");
  });

  it.each(HTTP.filter(([, { status }]) => status >= 400))("tells the recorded %s", async (_name, exchange) => {
    const told = (exchange.body as { error: Problem }).error;
    const call = answering(exchange).getJob("a", "t");
    await expect(call).rejects.toBeInstanceOf(ApiError);
    await expect(call).rejects.toMatchObject({ code: told.code, message: told.message, status: exchange.status });
  });
});
