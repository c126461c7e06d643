import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, noAnswer } from "../api/problems";
import type { Job, JobView, Problem } from "../api/types";
import { aJob } from "../testing/samples";
import { FakeSocket } from "../testing/sockets";
import type { LinkState } from "./actions";
import { LiveLink, OPENS_WITHIN_MS } from "./link";
import { TIMING } from "./timing";

let getJob: ReturnType<typeof vi.fn<(jobId: string, token: string) => Promise<JobView>>>;
let jobs: Job[];
let states: LinkState[];
let refused: [string, Problem][];
let onJob: (job: Job) => void;
let link: LiveLink;

const LONGEST_BACKOFF_MS = 21_000;
const ANSWER_MS = TIMING.answerWithin * 1000;
const READ_MS = TIMING.readEvery * 1000;
const LINGER_MS = TIMING.linger * 1000;
const RENEW_MS = TIMING.renewAfter * 1000;
const RESUBSCRIBE_MS = TIMING.resubscribeEvery * 1000;
const BLOCKED_AFTER = TIMING.failuresBeforeReading;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", { OPEN: 1 });
  FakeSocket.all.length = 0;
  jobs = [];
  states = [];
  refused = [];
  onJob = () => undefined;
  getJob = vi.fn((jobId: string) => Promise.resolve({ job: aJob({ jobId }), live: { url: "ws://fresh" } }));
  link = new LiveLink({
    getJob,
    onJob: (job) => {
      jobs.push(job);
      onJob(job);
    },
    onState: (state) => states.push(state),
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

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

async function live(...jobIds: string[]): Promise<FakeSocket> {
  for (const jobId of jobIds) link.watch(jobId, `token-${jobId}`, "ws://given");
  await settle();
  const socket = FakeSocket.latest();
  socket.open();
  for (const jobId of jobIds) socket.push({ type: "job", job: aJob({ jobId }) });
  return socket;
}

describe("connecting", () => {
  it("uses the ticket that came with the job, subscribes, and asks nothing over HTTP", async () => {
    const socket = await live("j1");
    expect(socket.url).toBe("ws://given");
    expect(socket.sent).toEqual([{ action: "subscribe", token: "token-j1" }]);
    expect(states).toEqual(["connecting", "live"]);
    await settle(RESUBSCRIBE_MS - 1);
    expect(getJob).not.toHaveBeenCalled();
  });

  it("fetches a ticket where none came along, and shows the state that came with it", async () => {
    link.watch("j1", "t");
    await settle();
    expect(FakeSocket.latest().url).toBe("ws://fresh");
    expect(jobs.map((job) => job.jobId)).toEqual(["j1"]);
  });

  it("uses a ticket that came along at once or not at all", async () => {
    getJob.mockRejectedValueOnce(noAnswer());
    link.watch("j1", "t");
    await settle();
    link.watch("j2", "t2", "ws://given");
    link.watch("j3", "t3", "ws://another");
    await settle();
    expect(FakeSocket.latest().url).toBe("ws://given");
    FakeSocket.latest().break();
    await settle(LONGEST_BACKOFF_MS);
    expect(FakeSocket.all.slice(1).map(({ url }) => url)).toContain("ws://fresh");
    expect(FakeSocket.all.map(({ url }) => url)).not.toContain("ws://another");
  });

  it("subscribes as many as one connection may follow at once and sends a new dive first", async () => {
    for (let number = 0; number < TIMING.subscribeAtOnce + 20; number += 1) link.watch(`j${number}`, `t${number}`, "ws://given");
    await settle();
    const socket = FakeSocket.latest();
    socket.open();
    expect(socket.sent).toHaveLength(TIMING.subscribeAtOnce);
    link.watch("new", "new");
    expect(socket.sent).toHaveLength(TIMING.subscribeAtOnce);
    socket.push({ type: "job", job: aJob({ jobId: "j0" }) });
    expect(socket.sent.slice(TIMING.subscribeAtOnce).map((message) => message.token)).toEqual(["new"]);
  });
});

describe("messages", () => {
  it("passes on watched jobs only, and survives what is no message", async () => {
    const socket = await live("j1");
    jobs.length = 0;
    socket.push({ type: "job", job: aJob({ jobId: "j1", version: 5 }) });
    socket.push({ type: "job", job: aJob({ jobId: "somebody else's" }) });
    socket.pushRaw("not json");
    socket.pushRaw(new ArrayBuffer(2));
    socket.push({ type: "pong" });
    expect(jobs.map((job) => job.version)).toEqual([5]);
  });

  it("drops a job whose token the socket refuses, and goes on with the next", async () => {
    link.watch("bad", "bad", "ws://given");
    link.watch("good", "good");
    await settle();
    const socket = FakeSocket.latest();
    socket.open();
    socket.push({ type: "error", code: "TOKEN_EXPIRED", message: "The token has expired.", jobId: "bad" });
    expect(refused).toEqual([["bad", { code: "TOKEN_EXPIRED", message: "The token has expired." }]]);
    expect(socket.sent.map((message) => message.token)).toEqual(["bad", "good"]);
  });

  it("keeps a job when the error is not about its token", async () => {
    const socket = await live("j1");
    link.nudge();
    socket.push({ type: "error", code: "INVALID_MESSAGE", message: "?" });
    expect(refused).toEqual([]);
  });
});

describe("repair", () => {
  it("subscribes every open job again every four minutes", async () => {
    const socket = await live("j1", "j2");
    socket.sent.length = 0;
    await settle(RESUBSCRIBE_MS);
    socket.push({ type: "job", job: aJob({ jobId: "j1" }) });
    expect(socket.sent.map((message) => message.token)).toEqual(["token-j1", "token-j2"]);
  });

  it("subscribes again when the page is looked at, over the open socket", async () => {
    const socket = await live("j1");
    socket.sent.length = 0;
    link.nudge();
    expect(socket.sent).toHaveLength(1);
    expect(getJob).not.toHaveBeenCalled();
  });

  it("leaves a socket that carries nothing any more", async () => {
    const socket = await live("j1");
    link.nudge();
    await settle(ANSWER_MS);
    expect(socket.closedByPage).toBe(true);
    expect(states.at(-1)).toBe("reconnecting");
    await settle(1_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("renews the connection before the two hours are over", async () => {
    const socket = await live("j1");
    for (let waited = 0; waited < RENEW_MS; waited += RESUBSCRIBE_MS) {
      await settle(RESUBSCRIBE_MS);
      socket.push({ type: "job", job: aJob({}) });
    }
    expect(socket.closedByPage).toBe(true);
    await settle(1_000);
    expect(FakeSocket.latest().url).toBe("ws://fresh");
  });
});

describe("reconnecting", () => {
  it("takes a fresh ticket and subscribes everything again", async () => {
    const socket = await live("j1", "j2");
    socket.break();
    expect(states.at(-1)).toBe("reconnecting");
    await settle(1_000);
    expect(getJob).toHaveBeenCalledTimes(1);
    const next = FakeSocket.latest();
    next.open();
    next.push({ type: "job", job: aJob({ jobId: "j1" }) });
    expect(next.sent.map((message) => message.token)).toEqual(["token-j1", "token-j2"]);
    expect(states.at(-1)).toBe("live");
  });

  it("never gives up while the server is away", async () => {
    const socket = await live("j1");
    getJob.mockRejectedValue(noAnswer());
    socket.break();
    await settle(30 * 60_000);
    expect(states.at(-1)).toBe("offline");
    getJob.mockResolvedValue({ job: aJob({}), live: { url: "ws://back" } });
    await settle(LONGEST_BACKOFF_MS);
    expect(FakeSocket.latest().url).toBe("ws://back");
  });

  it("does not wait any longer when a new dive shows that the API answers", async () => {
    const socket = await live("j1");
    getJob.mockRejectedValue(noAnswer());
    socket.break();
    await settle(5 * 60_000);
    link.watch("j2", "t2", "ws://given");
    await settle();
    expect(FakeSocket.latest().url).toBe("ws://given");
  });

  it("comes back at once when the network does", async () => {
    await live("j1");
    link.offline();
    expect(states.at(-1)).toBe("offline");
    link.nudge();
    await settle();
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("stops for good when the API refuses the token", async () => {
    const socket = await live("j1");
    getJob.mockRejectedValue(new ApiError("TOKEN_EXPIRED", "Expired.", 401));
    socket.break();
    await settle(60 * 60_000);
    expect(refused).toEqual([["j1", { code: "TOKEN_EXPIRED", message: "Expired." }]]);
    expect(getJob).toHaveBeenCalledTimes(1);
    expect(FakeSocket.all).toHaveLength(1);
    expect(states.at(-1)).toBe("idle");
  });

  it("goes on for the others when one token is refused", async () => {
    const socket = await live("j1", "j2");
    getJob.mockImplementation((jobId) =>
      jobId === "j1"
        ? Promise.reject(new ApiError("JOB_NOT_FOUND", "Gone.", 404))
        : Promise.resolve({ job: aJob({ jobId }), live: { url: "ws://fresh" } }),
    );
    socket.break();
    await settle(1_000);
    FakeSocket.latest().open();
    expect(refused.map(([jobId]) => jobId)).toEqual(["j1"]);
    expect(FakeSocket.latest().sent).toEqual([{ action: "subscribe", token: "token-j2" }]);
  });
});

describe("where sockets are blocked", () => {
  async function block(): Promise<void> {
    link.watch("j1", "t", "ws://given");
    for (let tries = 0; tries < BLOCKED_AFTER; tries += 1) {
      await settle(3_000);
      FakeSocket.latest().break();
    }
    await settle();
  }

  it("asks over HTTP instead", async () => {
    await block();
    expect(states.at(-1)).toBe("reading");
    const before = getJob.mock.calls.length;
    await settle(5 * READ_MS);
    expect(getJob.mock.calls.length - before).toBe(5);
  });

  it("counts connections that open and carry nothing as blocked too, and leaves the server alone", async () => {
    link.watch("j1", "t", "ws://given");
    for (let tries = 0; tries < BLOCKED_AFTER; tries += 1) {
      await settle(3_000);
      FakeSocket.latest().open();
      FakeSocket.latest().break();
    }
    expect(states.at(-1)).toBe("reading");
    expect(states).not.toContain("live");
    expect(FakeSocket.all).toHaveLength(BLOCKED_AFTER);
  });

  it("stops asking the moment a socket works", async () => {
    await block();
    await settle(61_000);
    FakeSocket.latest().open();
    FakeSocket.latest().push({ type: "job", job: aJob({}) });
    const before = getJob.mock.calls.length;
    await settle(60_000);
    expect(states.at(-1)).toBe("live");
    expect(getJob.mock.calls.length).toBe(before);
  });
});

describe("when nothing is left to watch", () => {
  it("lingers, then lets the socket go", async () => {
    const socket = await live("j1");
    link.unwatch("j1");
    expect(socket.sent.at(-1)).toEqual({ action: "unsubscribe", jobId: "j1" });
    expect(socket.closedByPage).toBe(false);
    await settle(LINGER_MS);
    expect(socket.closedByPage).toBe(true);
    expect(states.at(-1)).toBe("idle");
  });

  it("keeps the socket when the next dive follows soon", async () => {
    const socket = await live("j1");
    link.unwatch("j1");
    await settle(LINGER_MS / 2);
    link.watch("j2", "t2");
    socket.push({ type: "job", job: aJob({ jobId: "j2" }) });
    await settle(LINGER_MS);
    expect(socket.closedByPage).toBe(false);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("does not come back for a connection that broke while lingering", async () => {
    const socket = await live("j1");
    link.unwatch("j1");
    socket.break();
    await settle(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(states.at(-1)).toBe("idle");
  });
});

describe("the shell", () => {
  it("gives up a socket that does not open in time", async () => {
    link.watch("j1", "t", "ws://given");
    await settle(OPENS_WITHIN_MS);
    expect(FakeSocket.latest().closedByPage).toBe(true);
    expect(states.at(-1)).toBe("reconnecting");
  });

  it("reads a score that did not fit into one message, once", async () => {
    const socket = await live("j1");
    getJob.mockResolvedValue({ job: aJob({ version: 2, status: "SCORED" }), live: { url: "ws://fresh" } });
    socket.push({ type: "job", job: aJob({ version: 2, status: "SCORED" }) });
    socket.push({ type: "job", job: aJob({ version: 2, status: "SCORED" }) });
    await settle();
    expect(getJob).toHaveBeenCalledTimes(1);
    expect(jobs.map((job) => job.version)).toEqual([1, 2]);
    expect(socket.sent.at(-1)).toEqual({ action: "unsubscribe", jobId: "j1" });
  });

  it("lets its listeners watch and unwatch while it tells them something", async () => {
    const socket = await live("j1", "j2");
    onJob = (job) => {
      if (job.status === "CANCELLED") link.watch("j3", "t3");
      else link.unwatch("j2");
    };
    socket.push({ type: "job", job: aJob({ version: 2, status: "PROCESSING" }) });
    socket.push({ type: "job", job: aJob({ version: 3, status: "CANCELLED" }) });
    expect(socket.sent.slice(2)).toEqual([
      { action: "unsubscribe", jobId: "j2" },
      { action: "unsubscribe", jobId: "j1" },
      { action: "subscribe", token: "t3" },
    ]);
  });
});
