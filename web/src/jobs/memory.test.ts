import { expect, it } from "vitest";
import { FakeStorage } from "../testing/storage";
import { Memory, type Remembered } from "./memory";

const NOW = Date.parse("2026-11-23T08:00:00Z");

function entry(jobId: string, change: Partial<Remembered> = {}): Remembered {
  return {
    jobId,
    token: "t",
    filename: "a.webm",
    sizeBytes: 1,
    addedAt: 1,
    expiresAt: "2026-11-30T08:00:00Z",
    sent: false,
    videoErased: false,
    ...change,
  };
}

function memory(storage: Storage | null): Memory {
  return new Memory(storage, () => NOW);
}

it("lists the newest first and forgets what the server forgot", () => {
  const storage = new FakeStorage();
  const kept = memory(storage);
  kept.save(entry("old", { addedAt: 1 }));
  kept.save(entry("new", { addedAt: 2 }));
  kept.save(entry("gone", { expiresAt: "2026-11-23T07:59:59Z" }));
  expect(kept.list().map(({ jobId }) => jobId)).toEqual(["new", "old"]);
  expect(storage.length).toBe(2);
});

it("leaves other pages' entries alone and clears its own broken ones", () => {
  const storage = new FakeStorage();
  storage.setItem("elsewhere", "kept");
  storage.setItem("divescore.dive.x", "{broken");
  storage.setItem("divescore.dive.y", "[]");
  expect(memory(storage).list()).toEqual([]);
  expect(storage.getItem("elsewhere")).toBe("kept");
  expect(storage.length).toBe(1);
});

it("changes what is there and nothing else", () => {
  const storage = new FakeStorage();
  const kept = memory(storage);
  kept.save(entry("a"));
  kept.change("a", { sent: true });
  kept.change("missing", { sent: true });
  expect(kept.list()).toEqual([entry("a", { sent: true })]);
});

it("does without storage, or with a full one", () => {
  const storage = new FakeStorage();
  storage.full = true;
  for (const kept of [memory(null), memory(storage)]) {
    kept.save(entry("a"));
    expect(kept.list()).toEqual([]);
  }
});
