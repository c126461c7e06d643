/**
 * The live connection as a pure state machine: what happened goes in, what to do comes out.
 *
 * It opens no socket and reads no clock: callers pass the time in seconds of any steady clock, carry out the actions in
 * their order and report what came of them. `link.ts` does that in the browser. `src/divescore/client/protocol.py` is the
 * same machine for programs; the scenarios in `tests/contract/live-scenarios` hold both to one behaviour.
 *
 *     idle ──watch──▶ opening ──opened──▶ open ──lost──▶ waiting ──back-off──▶ asking ──ticket──▶ opening ...
 *
 * Where three sockets in a row carried nothing, waiting takes longer and the jobs are read over HTTP meanwhile.
 */
import type { Job, LiveMessage, Status } from "../api/types";
import type { Action, LinkState } from "./actions";
import { REFUSALS, TOO_MANY_JOBS, UNAVAILABLE } from "./messages";
import { backoff, type Timing, TIMING } from "./timing";
import { Watchlist } from "./watchlist";

/** "asking": a fresh ticket is being fetched; "waiting": backing off. */
type Phase = "idle" | "asking" | "opening" | "open" | "waiting";

/** One live connection, shared by all watched jobs; a job is dropped when it is refused or in a state of `until`. */
export class Protocol {
  private phase: Phase = "idle";
  private state: LinkState = "idle";
  private readonly watched: Watchlist;
  private pending: Action[] = [];
  private retries = 0;
  /** Sockets in a row that carried nothing. */
  private failures = 0;
  /** Whether the open socket has carried a message. */
  private carried = false;
  private openedAt = 0;
  /** The end of waiting. */
  private retryAt = 0;
  /** The next reading while sockets are blocked. */
  private readAt = 0;
  private resubscribeAt = 0;
  private renewAt = 0;
  /** The end of an open socket with nothing to watch. */
  private leaveAt = 0;

  constructor(
    private readonly until: ReadonlySet<Status>,
    private readonly chance: () => number = Math.random,
    private readonly timing: Timing = TIMING,
  ) {
    this.watched = new Watchlist(timing.subscribeAtOnce);
  }

  /** What to do now; each action is given once. */
  actions(): Action[] {
    const actions = this.pending;
    this.pending = [];
    return actions;
  }

  /** When to call `tick` if nothing else happens before; null: no need. */
  wakeAt(): number | null {
    const due = this.state === "reading" ? [this.readAt] : [];
    if (this.phase === "waiting") due.push(this.retryAt);
    else if (this.phase === "open" && this.watched.size > 0) due.push(this.renewAt, this.resubscribeAt, this.answerBy());
    else if (this.phase === "open") due.push(this.leaveAt);
    return due.length > 0 ? Math.min(...due) : null;
  }

  // What the user wants

  /** Follow a job. `url`: the live address that came with it, if it is fresh; it is used now or not at all. */
  watch(jobId: string, token: string, now: number, url?: string): void {
    this.watched.add(jobId, token);
    if (this.phase === "open") {
      if (this.watched.size === 1) this.resubscribeAt = now + this.timing.resubscribeEvery;
      this.subscribe(now);
    } else if (this.state === "reading") {
      this.pending.push({ do: "read", jobId, token });
    } else if (url !== undefined && (this.phase === "idle" || this.phase === "waiting")) {
      // Whoever has an address has just reached the service: no reason to wait any longer.
      this.open(url);
    } else if (this.phase === "idle") {
      this.ask();
    }
  }

  /** Follow a job no longer. */
  forget(jobId: string, now: number): void {
    if (!this.watched.delete(jobId)) return;
    if (this.phase === "open") this.pending.push({ do: "unsubscribe", jobId });
    this.dropped(now);
  }

  // What the browser reports: a program hears none of this

  /** The page is looked at again, or the network came back: make sure that what is shown is current, now. */
  resync(now: number): void {
    if (this.phase === "open") {
      this.refresh(now);
    } else if (this.phase === "waiting") {
      this.retries = 0;
      this.ask();
    }
  }

  /** The network is gone: no need to wait until a socket notices. */
  offline(now: number): void {
    if (this.phase === "idle") return;
    if (this.phase === "opening" || this.phase === "open") this.pending.push({ do: "close", reason: "offline" });
    this.wait("the network is gone", now, 0, "offline");
  }

  // What the socket reports

  /** The socket that `open` asked for is open. */
  opened(now: number): void {
    if (this.phase !== "opening") return;
    this.phase = "open";
    this.carried = false;
    this.openedAt = now;
    this.renewAt = now + this.timing.renewAfter - this.chance() * this.timing.renewSpread;
    this.resubscribeAt = now + this.timing.resubscribeEvery;
    this.watched.startOver();
    this.subscribe(now);
  }

  /** The socket that `open` asked for could not be opened. */
  failed(reason: string, now: number): void {
    if (this.phase === "opening") this.carriedNothing(reason, now);
  }

  /** The open socket was closed, by whomever, or is dead. */
  lost(reason: string, now: number): void {
    if (this.phase !== "open") return;
    if (now - this.openedAt >= this.timing.provenAfter) this.retries = 0;
    if (this.carried) this.wait(reason, now);
    else this.carriedNothing(reason, now);
  }

  /** A message came over the open socket; null: it could not be understood. */
  received(message: LiveMessage | null, now: number): void {
    if (this.phase !== "open" || message === null) return;
    // Only a message proves a socket: one that opens and carries nothing is worth no more than a refused one.
    this.carried = true;
    this.failures = 0;
    this.become("live");
    if (message.type === "job") {
      const watch = this.watched.get(message.job.jobId);
      if (watch !== undefined) {
        watch.askedAt = null;
        this.apply(message.job, true, now);
      }
    } else if (message.type === "error") {
      this.complained(message, now);
    } else if (message.type === "unsubscribed") {
      this.watched.makeRoom();
    }
    this.subscribe(now);
  }

  // What HTTP reports

  /** The answer to `read`: the job, and the live address with a fresh ticket. */
  read(job: Job, url: string | undefined, now: number): void {
    if (this.watched.has(job.jobId)) this.apply(job, false, now);
    if (this.phase !== "asking") return;
    if (url === undefined) this.wait("no live address", now);
    else this.open(url);
  }

  /** The service refused the job's token, or does not know the job: this job is done with, others go on. */
  refused(jobId: string, code: string, message: string, now: number): void {
    if (this.watched.delete(jobId)) {
      this.pending.push({ do: "refused", jobId, code, message });
      this.dropped(now);
    }
    if (this.phase === "asking") this.ask();
  }

  /** HTTP gave no answer to `read`, or (`answered`) none that helps for now. */
  unreachable(now: number, retryAfter = 0, answered = false): void {
    if (this.phase === "asking") {
      this.wait("the service cannot be reached", now, retryAfter, answered ? "reconnecting" : "offline");
    }
  }

  // What the clock reports

  /** Do what is due; harmless when nothing is. */
  tick(now: number): void {
    if (this.phase === "open") {
      this.tickOpen(now);
    } else if (this.phase === "waiting" && now >= this.retryAt) {
      this.ask();
      return; // one job is read for its address; if it is time to read all, the next tick does that
    }
    if (this.state === "reading" && now >= this.readAt) {
      // Many jobs are read less often each, so that reading stays within the API's limits.
      this.readAt = now + this.timing.readEvery * Math.max(1, this.watched.size / 10);
      for (const { jobId, token } of this.watched.values()) this.pending.push({ do: "read", jobId, token });
    }
  }

  private tickOpen(now: number): void {
    if (this.watched.size === 0) {
      if (now >= this.leaveAt) this.rest();
    } else if (now >= this.answerBy()) {
      this.watched.atOnce = this.timing.subscribeGently;
      this.pending.push({ do: "close", reason: "no answer" });
      this.lost("the service does not answer", now);
    } else if (now >= this.renewAt) {
      this.pending.push({ do: "close", reason: "renewing" });
      this.retries = 0;
      this.ask();
    } else if (now >= this.resubscribeAt) {
      this.refresh(now);
    }
  }

  private answerBy(): number {
    return this.watched.askedSince() + this.timing.answerWithin;
  }

  private refresh(now: number): void {
    this.resubscribeAt = now + this.timing.resubscribeEvery;
    this.watched.refresh();
    this.subscribe(now);
  }

  /** Send what may be sent now; the rest follows as answers come. */
  private subscribe(now: number): void {
    if (this.phase !== "open") return;
    for (const { jobId, token } of this.watched.ask(now)) this.pending.push({ do: "subscribe", jobId, token });
  }

  private apply(job: Job, pushed: boolean, now: number): void {
    const watch = this.watched.get(job.jobId);
    if (watch === undefined || job.version <= watch.version) return;
    if (pushed && job.status === "SCORED" && (job.result ?? null) === null) {
      // The score did not fit into one message.
      this.pending.push({ do: "read", jobId: job.jobId, token: watch.token });
      return;
    }
    watch.version = job.version;
    this.pending.push({ do: "changed", job, pushed });
    if (this.until.has(job.status)) this.forget(job.jobId, now);
  }

  /** Finds out whose subscription an error answers. */
  private complained({ code, message, jobId }: Extract<LiveMessage, { type: "error" }>, now: number): void {
    if (code === UNAVAILABLE) {
      this.pending.push({ do: "close", reason: "unavailable" });
      this.lost(message, now);
      return;
    }
    const meant = this.watched.meant(jobId);
    if (!REFUSALS.has(code)) {
      this.pending.push({ do: "complaint", code, message, jobId });
      if (meant !== undefined && code === TOO_MANY_JOBS) this.watched.park(meant);
      else if (meant !== undefined) meant.askedAt = null;
    } else if (meant !== undefined) {
      this.refused(meant.jobId, code, message, now);
    } else if (jobId === undefined) {
      // Several are waiting for an answer and the error does not say which it means: HTTP tells each its own.
      for (const watch of this.watched.asked()) this.pending.push({ do: "read", jobId: watch.jobId, token: watch.token });
    }
  }

  /** A job is watched no more. */
  private dropped(now: number): void {
    if (this.watched.size > 0) this.subscribe(now);
    else if (this.phase === "open" && this.carried) this.leaveAt = now + this.timing.linger;
    else this.rest();
  }

  private open(url: string): void {
    this.phase = "opening";
    if (this.failures >= this.timing.failuresBeforeReading) this.become("reading");
    else if (this.state === "offline") this.become("reconnecting");
    else if (this.state === "idle") this.become("connecting");
    this.pending.push({ do: "open", url });
  }

  private ask(): void {
    if (this.state === "idle") this.become("connecting");
    this.phase = "asking";
    for (const { jobId, token } of this.watched.values()) {
      this.pending.push({ do: "read", jobId, token });
      return;
    }
  }

  private carriedNothing(reason: string, now: number): void {
    this.failures += 1;
    if (this.failures < this.timing.failuresBeforeReading) {
      this.wait(reason, now);
      return;
    }
    // The tickets were good, or reading the job for them would have been refused: only sockets do not get through.
    this.readAt = now;
    this.wait(reason, now, this.timing.trySocketEvery, "reading");
    this.tick(now);
  }

  private wait(reason: string, now: number, atLeast = 0, state: LinkState = "reconnecting"): void {
    this.phase = "waiting";
    if (this.watched.size === 0) {
      this.rest();
      return;
    }
    this.become(state, reason);
    this.retryAt = now + Math.max(this.chance() * backoff(this.timing, this.retries), atLeast);
    this.retries += 1;
  }

  private rest(): void {
    if (this.phase === "opening" || this.phase === "open") this.pending.push({ do: "close", reason: "nothing to watch" });
    this.phase = "idle";
    this.retries = 0;
    this.become("idle");
  }

  private become(state: LinkState, reason = ""): void {
    if (state === this.state) return;
    this.state = state;
    this.pending.push({ do: "state", state, reason });
  }
}
