/**
 * An upload in parts as a pure state machine: what happened goes in, what to do comes out.
 *
 * It reads no file and no clock and sends nothing: callers pass the time in seconds of any steady clock, carry out the
 * actions in their order and report what came of them. The scenarios in `tests/contract/upload-scenarios` hold this one
 * and the Python client's to one behaviour.
 *
 * A part whose sending failed is asked for again: the answer says what storage has, so what arrived is not sent twice.
 */
import type { Action, Call, Refusal, UploadState } from "./actions";
import { FILE_CHANGED, NETWORK, UNAVAILABLE, UPLOAD_INCOMPLETE, UPLOAD_REFUSED } from "./codes";
import { Gate } from "./gate";
import { busyCode, endBy } from "./meanings";
import { keep, numbers, type Part, Parts } from "./parts";
import { type Patience, PATIENCE, type Timing } from "./timing";

export class MultipartUpload {
  private readonly parts: Parts;
  private readonly timing: Timing;
  /** In front of what is asked of the service, and of what is sent to storage. */
  private readonly service: Gate;
  private readonly storage: Gate;
  private pending: Action[] = [];
  private ended = false;
  private paused = false;
  private away = false;
  /** One part at a time is hashed. */
  private hashing: Part | null = null;
  /** Counts the questions for addresses. */
  private question = 0;
  private answered = false;
  private completing = false;
  private incompletes = 0;
  private wake: number | null = null;
  private told = "";

  constructor(count: number, patience: Partial<Patience> = {}) {
    const whole = { ...PATIENCE, ...patience };
    this.timing = whole.timing;
    this.parts = new Parts(count);
    this.service = new Gate(whole);
    this.storage = new Gate(whole);
  }

  /** What to do now; each action is given once. */
  actions(): Action[] {
    const actions = this.pending;
    this.pending = [];
    return actions;
  }

  /** When to call `tick` if nothing else happens before; null: no need. */
  wakeAt(): number | null {
    return this.wake;
  }

  /** The numbers of the parts that storage has. */
  present(): number[] {
    return numbers(this.parts.in("stored"));
  }

  // What the user, the device and the clock say

  /** Do what is due; the first one begins the upload, and one is harmless when nothing is. */
  tick(now: number): void {
    this.go(now);
  }

  /** Until `resume`. What is being sent stops. */
  pause(now: number): void {
    this.paused = true;
    this.halt(now);
  }

  /** Go on, and at once: what waits for its own time is tried now. */
  resume(now: number): void {
    this.paused = false;
    this.startOver(now);
  }

  /** The device has no network. */
  offline(now: number): void {
    this.away = true;
    this.halt(now);
  }

  online(now: number): void {
    this.away = false;
    this.startOver(now);
  }

  /** Given up by the user: nothing more is told. */
  cancel(): void {
    this.end();
  }

  /** The job is in this state now, as was heard elsewhere. */
  heard(status: string): void {
    const last = endBy(status);
    if (last !== null) this.end(last);
  }

  // What reading the file gives

  hashed(number: number, sha256: string, now: number): void {
    const part = this.parts.get(number);
    if (this.hashing === part) this.hashing = null;
    if (part.sha256 !== null && part.sha256 !== sha256) this.fail(FILE_CHANGED);
    part.sha256 = sha256;
    if (part.state === "hashing" || part.state === "new") part.state = "hashed";
    this.go(now);
  }

  /** The file is not there any more, or is not what it was. */
  unreadable(): void {
    this.fail(FILE_CHANGED);
  }

  // What the service and storage answer

  /** The answer to `ask`: all parts that storage has, and those with an address, which holds for `validFor` seconds. */
  addressed(present: readonly number[], addresses: readonly number[], validFor: number, now: number): void {
    const asked = this.parts.askAgain("asked");
    this.answered = true;
    this.service.passed();
    this.parts.compare(present, this.question);
    for (const part of asked.filter(({ state }) => state !== "stored")) {
      if (addresses.includes(part.number)) {
        part.state = "ready";
        part.validUntil = now + validFor;
      } else {
        this.turnedAway(part, now);
      }
    }
    this.go(now);
  }

  /** Storage has this part. */
  stored(number: number, now: number): void {
    this.storage.passed();
    keep(this.parts.get(number), this.question);
    this.go(now);
  }

  /** The service made the video of the parts, now or before. */
  completed(): void {
    this.end({ do: "done" });
  }

  /** An answer that is none of success. `number`: the part, where one was sent. */
  refused(call: Call, refusal: Refusal, now: number, number = 0): void {
    const { status, code = "REFUSED", message } = refusal;
    const busy = busyCode(refusal);
    if (busy !== null) this.failed(call, busy, now, number, refusal.retryAfter);
    else if (call === "put") this.putRefused(this.parts.get(number), status, now);
    else if (code === UPLOAD_INCOMPLETE) this.incomplete(message, now);
    else this.fail(code, message);
    this.go(now);
  }

  /** No answer came: the connection broke, or nothing moved for too long. */
  unreachable(call: Call, now: number, number = 0): void {
    this.failed(call, NETWORK, now, number);
    this.go(now);
  }

  // What follows from it

  /** Something that says nothing against the request, only against its moment. */
  private failed(call: Call, reason: string, now: number, number: number, retryAfter?: number): void {
    if (call === "put") {
      const part = this.parts.get(number);
      if (part.state !== "sending") return;
      part.state = "hashed";
    } else if (call === "ask") {
      this.parts.askAgain("asked");
    } else {
      this.completing = false;
    }
    this.wait(call === "put" ? this.storage : this.service, reason, now, retryAfter);
  }

  private putRefused(part: Part, status: number, now: number): void {
    if (part.state !== "sending") return;
    // 400: the bytes are not those that were hashed. Was it the line, or the file?
    part.state = status === 400 ? "new" : "hashed";
    // 404: storage forgot the upload, and with it every address.
    if (status === 404) this.parts.askAgain("ready");
    this.turnedAway(part, now);
  }

  /** An address that ended is nothing unusual: the first time the part is asked for again at once. */
  private turnedAway(part: Part, now: number): void {
    part.refusals += 1;
    if (part.refusals > this.timing.refusals) this.fail(UPLOAD_REFUSED);
    else if (part.refusals > 1) this.wait(this.service, UNAVAILABLE, now);
  }

  /** The service misses parts: all are asked for again, and its answer says which. */
  private incomplete(message: string | undefined, now: number): void {
    this.completing = false;
    this.incompletes += 1;
    if (this.incompletes > this.timing.refusals) this.fail(UPLOAD_INCOMPLETE, message);
    else if (this.incompletes > 1) this.wait(this.service, UNAVAILABLE, now);
    this.parts.askAgain("stored");
  }

  private wait(gate: Gate, reason: string, now: number, retryAfter?: number): void {
    gate.shut(reason, now, retryAfter);
    if (gate.exhausted) this.fail(reason);
  }

  private startOver(now: number): void {
    this.service.startOver();
    this.storage.startOver();
    this.parts.forgiveRefusals();
    this.go(now);
  }

  private halt(now: number): void {
    this.stop();
    this.go(now);
  }

  /** Does all that can be done now. */
  private go(now: number): void {
    if (this.ended) return;
    this.wake = null;
    if (!this.paused && !this.away) {
      const closed = [this.service, this.storage].map((gate) => gate.closedUntil(now));
      this.hashNext();
      if (closed[1] === null) this.putNext(now);
      if (closed[0] === null) this.askNext();
      this.wake = closed.filter((until) => until !== null).sort((a, b) => a - b)[0] ?? null;
    }
    this.tell(now);
  }

  private hashNext(): void {
    // Until the first answer nobody knows what storage has already.
    const most = this.timing.partsAtOnce + (this.answered ? this.timing.partsAhead : 0);
    const next = this.hashing === null ? this.parts.toHash(most) : undefined;
    if (next === undefined) return;
    next.state = "hashing";
    this.hashing = next;
    this.pending.push({ do: "hash", part: next.number });
  }

  private putNext(now: number): void {
    for (const part of this.parts.toPut(this.timing.partsAtOnce, now)) {
      part.state = "sending";
      this.pending.push({ do: "put", part: part.number });
    }
  }

  /** Asks for addresses, or for the completion once all parts are there. */
  private askNext(): void {
    if (!this.completing && this.parts.in("stored").length === this.parts.count) {
      this.completing = true;
      this.pending.push({ do: "complete" });
    }
    const parts = this.parts.toAsk(this.timing.partsAtOnce, this.timing.partsAhead, this.hashing === null);
    if (parts.length === 0) return;
    this.question += 1;
    for (const part of parts) part.state = "asked";
    this.pending.push({ do: "ask", parts: parts.map(({ number, sha256 }) => ({ number, sha256: sha256 ?? "" })) });
  }

  private tell(now: number): void {
    const [state, reason] = this.state(now);
    if (this.told === state + reason) return;
    this.told = state + reason;
    this.pending.push({ do: "state", state, reason });
  }

  private state(now: number): [UploadState, reason: string] {
    if (this.paused) return ["paused", ""];
    if (this.away) return ["offline", ""];
    const [closed] = [this.service, this.storage].filter((gate) => gate.closedUntil(now) !== null);
    return closed === undefined || this.parts.in("sending").length > 0 ? ["sending", ""] : ["waiting", closed.reason];
  }

  /** What is being sent stops. It may have arrived all the same: the next answer tells. */
  private stop(): void {
    const stopped = this.parts.askAgain("sending");
    if (stopped.length > 0) this.pending.push({ do: "abort", parts: numbers(stopped) });
  }

  private fail(code: string, message?: string): void {
    this.end({ do: "failed", code, ...(message === undefined ? {} : { message }) });
  }

  private end(...last: Action[]): void {
    if (this.ended) return;
    this.stop();
    this.ended = true;
    this.wake = null;
    this.pending.push(...last);
  }
}
