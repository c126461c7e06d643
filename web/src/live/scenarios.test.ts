/** The scenarios that the Python client's connection replays as well (tests/contract/live-scenarios says what they are made of). */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Job, Result, Status } from "../api/types";
import { aJob } from "../testing/samples";
import type { Action } from "./actions";
import { parse } from "./messages";
import { Protocol } from "./protocol";
import { type Timing, TIMING } from "./timing";

interface Step {
  at: number;
  event: string;
  job: string;
  version: number;
  status: Status;
  without?: "result";
  url?: string;
  code: string;
  text: string;
  reason: string;
  retryAfter?: number;
  answered?: boolean;
  then?: string[];
  wake?: [number, number] | null;
}

interface Scenario {
  name: string;
  for?: Record<string, string[]>;
  until?: Status[];
  timing?: Partial<Timing>;
  steps: Step[];
}

const FOLDER = new URL("../../../tests/contract/live-scenarios/", import.meta.url);
const SETTLED: Status[] = ["SCORED", "REJECTED", "FAILED", "CANCELLED", "EXPIRED"];

function contents(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}

function each(written: Scenario): Scenario[] {
  const [placeholder] = Object.entries(written.for ?? {});
  if (placeholder === undefined) return [written];
  const [name, values] = placeholder;
  return values.map((value) => ({
    ...written,
    name: `${written.name}: ${value}`,
    steps: JSON.parse(JSON.stringify(written.steps).replaceAll(`{${name}}`, value)) as Step[],
  }));
}

const SCENARIOS = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json") && name !== "timing.json")
  .flatMap((name) => (contents(name) as Scenario[]).flatMap(each));

function said(action: Action): string {
  switch (action.do) {
    case "open":
      return `open ${action.url}`;
    case "close":
      return "close";
    case "subscribe":
    case "read":
      expect(action.token).toBe(`token-${action.jobId}`);
      return `${action.do} ${action.jobId}`;
    case "unsubscribe":
      return `unsubscribe ${action.jobId}`;
    case "changed":
      return `changed ${action.job.jobId} ${action.job.version} ${action.pushed ? "pushed" : "read"}`;
    case "refused":
      return `refused ${action.jobId} ${action.code}`;
    case "complaint":
      return `complaint ${action.code}`;
    case "state":
      return `state ${action.state}`;
  }
}

function jobOf({ job, version, status, without }: Step): Job {
  const scored = status === "SCORED" && without !== "result";
  return aJob({ jobId: job, version, status, ...(scored ? { result: { score: 80.5 } as Result } : {}) });
}

function happen(protocol: Protocol, step: Step): void {
  const { at: now, event, job, code } = step;
  switch (event) {
    case "watch":
      return protocol.watch(job, `token-${job}`, now, step.url);
    case "forget":
      return protocol.forget(job, now);
    case "resync":
      return protocol.resync(now);
    case "offline":
      return protocol.offline(now);
    case "opened":
      return protocol.opened(now);
    case "failed":
      return protocol.failed(step.reason, now);
    case "lost":
      return protocol.lost(step.reason, now);
    case "pushed":
      return protocol.received(parse(JSON.stringify({ type: "job", job: jobOf(step) })), now);
    case "error":
      return protocol.received(parse(JSON.stringify({ type: "error", code, message: "A sentence.", jobId: job })), now);
    case "text":
      return protocol.received(parse(step.text), now);
    case "read":
      return protocol.read(jobOf(step), step.url, now);
    case "refused":
      return protocol.refused(job, code, "A sentence.", now);
    case "unreachable":
      return protocol.unreachable(now, step.retryAfter, step.answered);
    case "tick":
      return protocol.tick(now);
    default:
      throw new Error(`${event} is no event`);
  }
}

describe.each([0, 0.5, 1])("with the chance %d", (chance) => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("%s", (_name, { steps, timing, until }) => {
    const protocol = new Protocol(new Set(until ?? SETTLED), () => chance, { ...TIMING, ...timing });
    for (const step of steps) {
      const due = protocol.wakeAt();
      if (step.event !== "tick" && due !== null) expect(due, `due before ${JSON.stringify(step)}`).toBeGreaterThanOrEqual(step.at);
      happen(protocol, step);
      expect(protocol.actions().map(said), JSON.stringify(step)).toEqual(step.then ?? []);
      const wake = protocol.wakeAt();
      if (step.wake === null) expect(wake).toBeNull();
      if (step.wake === null || step.wake === undefined) continue;
      expect(wake, JSON.stringify(step)).toBeGreaterThanOrEqual(step.wake[0] - 1e-9);
      expect(wake, JSON.stringify(step)).toBeLessThanOrEqual(step.wake[1] + 1e-9);
    }
  });
});

it("waits as long as the Python client", () => {
  expect(TIMING).toEqual(contents("timing.json"));
});
