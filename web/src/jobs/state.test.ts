import { describe, expect, it } from "vitest";
import type { Status } from "../api/types";
import { fact } from "../testing/facts";
import { aDive, aJob } from "../testing/samples";
import { type DiveEvent, type Dives, isFinal, isOpen, reduce } from "./state";

const at = 1_000;

function after(dives: Dives, ...events: DiveEvent[]): Dives {
  return events.reduce(reduce, dives);
}

it("knows the states as the service does", () => {
  const states = fact<{ open: Status[]; settled: Status[]; final: Status[] }>("states");
  const all = [...states.open, ...states.settled].map((status) => aJob({ status }));
  expect(all.filter(isOpen).map((job) => job.status)).toEqual(states.open);
  expect(all.filter(isFinal).map((job) => job.status)).toEqual(states.final);
});

describe("a job's versions", () => {
  const start: Dives = [aDive({ jobId: "j1", job: aJob({ version: 3, status: "QUEUED" }) })];

  it("takes a newer one", () => {
    const [dive] = after(start, { type: "job", job: aJob({ version: 4, status: "PROCESSING" }), at });
    expect(dive?.job?.status).toBe("PROCESSING");
  });

  it.each([2, 3])("ignores version %i after version 3, and keeps the very same list", (version) => {
    expect(after(start, { type: "job", job: aJob({ version, status: "AWAITING_UPLOAD" }), at })).toBe(start);
  });

  it("ends in the same state in whatever order and however often they arrive", () => {
    const messages = [4, 5, 6, 7].map((version) => aJob({ version, status: version === 7 ? "SCORED" : "PROCESSING" }));
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [0, 3, 1, 1, 2, 3],
      [2, 2, 3, 0],
    ];
    for (const order of orders) {
      const dives = order.reduce<Dives>((list, index) => reduce(list, { type: "job", job: messages[index] ?? aJob({}), at }), start);
      expect(dives[0]?.job?.version).toBe(7);
      expect(dives[0]?.job?.status).toBe("SCORED");
    }
  });

  it("touches no other dive", () => {
    const other = aDive({ key: "k2", jobId: "j2" });
    const dives = after([...start, other], { type: "job", job: aJob({ version: 9 }), at });
    expect(dives[1]).toBe(other);
  });

  it("ignores a job that is not on the page", () => {
    expect(after(start, { type: "job", job: aJob({ jobId: "elsewhere", version: 9 }), at })).toBe(start);
  });
});

describe("when a dive settles", () => {
  it("is timed when it was seen to happen", () => {
    const [dive] = after([aDive({ jobId: "j1", job: aJob({ status: "PROCESSING", version: 2 }) })], {
      type: "job",
      job: aJob({ status: "SCORED", version: 3 }),
      at: 5_000,
    });
    expect(dive?.settledAt).toBe(5_000);
  });

  it("is not timed when the page was opened afterwards", () => {
    const [dive] = after([aDive({ jobId: "j1" })], { type: "job", job: aJob({ status: "SCORED", version: 3 }), at: 5_000 });
    expect(dive?.settledAt).toBeUndefined();
  });
});

describe("an upload", () => {
  it("goes from waiting to sent", () => {
    const [dive] = after(
      [aDive({ sizeBytes: 100 })],
      { type: "sending", key: "k1" },
      { type: "created", inParts: false, key: "k1", jobId: "j1", token: "t", job: aJob({}) },
      { type: "progressed", key: "k1", sentBytes: 40, speed: 20 },
      { type: "sent", key: "k1", at },
    );
    expect(dive).toMatchObject({ jobId: "j1", token: "t", upload: { phase: "sent", sentBytes: 100 }, sentAt: at });
  });

  it("takes no progress after it broke", () => {
    const broken = after([aDive({})], { type: "broke", key: "k1", problem: { code: "NETWORK", message: "gone" } });
    expect(after(broken, { type: "progressed", key: "k1", sentBytes: 1, speed: 1 })).toEqual(broken);
  });

  it("that is sent again keeps its job", () => {
    const [dive] = after(
      [aDive({ jobId: "j1", token: "t", job: aJob({ version: 8 }) })],
      { type: "broke", key: "k1", problem: { code: "NETWORK", message: "gone" } },
      { type: "requeued", key: "k1" },
      { type: "created", inParts: true, key: "k1", jobId: "j1", token: "t", job: aJob({ version: 1 }) },
    );
    expect(dive).toMatchObject({ jobId: "j1", token: "t", job: { version: 8 }, upload: { phase: "waiting", inParts: true } });
  });

  it("whose job is over belongs to none until the server gives a new one", () => {
    const [dive] = after(
      [aDive({ jobId: "j1", token: "t", job: aJob({ version: 8 }) })],
      { type: "renewed", key: "k1" },
      { type: "requeued", key: "k1" },
    );
    expect(dive?.job).toBeUndefined();
    expect(dive?.jobId).toBeUndefined();
    expect(dive?.upload).toEqual({ phase: "waiting", sentBytes: 0, speed: 0 });
  });

  it("that was cut off by a reload is forgiven when the server has the video after all", () => {
    const lost = aDive({ jobId: "j1", upload: { phase: "lost", sentBytes: 0, speed: 0 } });
    expect(after([lost], { type: "job", job: aJob({ status: "AWAITING_UPLOAD" }), at })[0]?.upload.phase).toBe("lost");
    expect(after([lost], { type: "job", job: aJob({ status: "QUEUED" }), at })[0]?.upload.phase).toBe("none");
  });
});

it("lists new dives first, and forgets removed ones", () => {
  const dives = after([aDive({ key: "old" })], { type: "added", dives: [aDive({ key: "new" })] });
  expect(dives.map((dive) => dive.key)).toEqual(["new", "old"]);
  expect(after(dives, { type: "removed", key: "old" }).map((dive) => dive.key)).toEqual(["new"]);
});
