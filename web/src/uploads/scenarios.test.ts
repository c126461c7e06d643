/** The scenarios that the Python client's uploads replay as well (tests/contract/upload-scenarios says what they are made of). */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Action, Call } from "./actions";
import { MultipartUpload } from "./multipart";
import { type Timing, TIMING } from "./timing";

interface Step {
  at: number;
  event: string;
  part: number;
  sha256?: string;
  present: number[];
  addresses: number[];
  validFor?: number;
  call: Call;
  status: number;
  code?: string;
  retryAfter?: number;
  job: string;
  then?: string[];
  wake?: [number, number] | null;
}

interface Scenario {
  name: string;
  parts: number;
  tries?: number;
  timing?: Partial<Timing>;
  steps: Step[];
}

const FOLDER = new URL("../../../tests/contract/upload-scenarios/", import.meta.url);
/** How long an address holds, where a step does not say. */
const VALID_FOR = 900;

function contents(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}

const SCENARIOS = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json") && name !== "timing.json")
  .flatMap((name) => contents(name) as Scenario[]);

function said(action: Action): string {
  switch (action.do) {
    case "hash":
    case "put":
      return `${action.do} ${action.part}`;
    case "ask":
      return ["ask", ...action.parts.map(({ number }) => number)].join(" ");
    case "abort":
      return ["abort", ...action.parts].join(" ");
    case "state":
      return `state ${action.state} ${action.reason}`.trim();
    case "failed":
      return `failed ${action.code}`;
    case "complete":
    case "done":
      return action.do;
  }
}

/** Looks whether the hash that each part is asked for with is the one that was reported last. */
function checkHashes(actions: Action[], reported: ReadonlyMap<number, string>): void {
  for (const action of actions) {
    if (action.do !== "ask") continue;
    for (const { number, sha256 } of action.parts) expect(sha256).toBe(reported.get(number));
  }
}

function happen(upload: MultipartUpload, step: Step, reported: Map<number, string>): void {
  const { at: now, event, part, call } = step;
  switch (event) {
    case "hashed":
      reported.set(part, step.sha256 ?? `sha-${part}`);
      return upload.hashed(part, step.sha256 ?? `sha-${part}`, now);
    case "unreadable":
      return upload.unreadable();
    case "addressed":
      return upload.addressed(step.present, step.addresses, step.validFor ?? VALID_FOR, now);
    case "stored":
      return upload.stored(part, now);
    case "completed":
      return upload.completed();
    case "refused":
      return upload.refused(call, step, now, part);
    case "unreachable":
      return upload.unreachable(call, now, part);
    case "pause":
      return upload.pause(now);
    case "resume":
      return upload.resume(now);
    case "offline":
      return upload.offline(now);
    case "online":
      return upload.online(now);
    case "cancel":
      return upload.cancel();
    case "heard":
      return upload.heard(step.job);
    case "tick":
      return upload.tick(now);
    default:
      throw new Error(`${event} is no event`);
  }
}

describe.each([0, 0.5, 1])("with the chance %d", (chance) => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("%s", (_name, { steps, parts, tries, timing }) => {
    const upload = new MultipartUpload(parts, { chance: () => chance, timing: { ...TIMING, ...timing }, tries: tries ?? Infinity });
    const reported = new Map<number, string>();
    for (const step of steps) {
      const due = upload.wakeAt();
      if (step.event !== "tick" && due !== null) expect(due, `due before ${JSON.stringify(step)}`).toBeGreaterThanOrEqual(step.at);
      happen(upload, step, reported);
      const actions = upload.actions();
      checkHashes(actions, reported);
      expect(actions.map(said), JSON.stringify(step)).toEqual(step.then ?? []);
      const wake = upload.wakeAt();
      if (step.wake === null) expect(wake, JSON.stringify(step)).toBeNull();
      if (step.wake === null || step.wake === undefined) continue;
      expect(wake, JSON.stringify(step)).toBeGreaterThanOrEqual(step.wake[0] - 1e-9);
      expect(wake, JSON.stringify(step)).toBeLessThanOrEqual(step.wake[1] + 1e-9);
    }
  });
});

it("waits as long as the Python client", () => {
  expect(TIMING).toEqual(contents("timing.json"));
});
