/**
 * One socket to the live API for every dive on the page: the shell around `protocol.ts`, which decides everything. Here
 * are the WebSocket, the timers and the calls.
 */
import { ApiError } from "../api/problems";
import type { Job, JobView, Problem } from "../api/types";
import { FINAL } from "../jobs/state";
import type { Action, LinkState } from "./actions";
import { parse } from "./messages";
import { Protocol } from "./protocol";

export interface LinkOptions {
  /** GET /jobs/{id}: a fresh ticket and the job's present state. */
  getJob: (jobId: string, token: string) => Promise<JobView>;
  onJob: (job: Job) => void;
  onState: (state: LinkState) => void;
  /** The token of this job was refused; it is watched no longer. */
  onRefused: (jobId: string, problem: Problem) => void;
  openSocket?: (url: string) => WebSocket;
  random?: () => number;
}

export const OPENS_WITHIN_MS = 10_000;

type Timer = ReturnType<typeof setTimeout>;

export class LiveLink {
  private readonly protocol: Protocol;
  private readonly reading = new Set<string>();
  private socket: WebSocket | null = null;
  private openingTimer: Timer | undefined;
  private alarm: Timer | undefined;
  private performing = false;
  private closed = false;

  constructor(private readonly options: LinkOptions) {
    this.protocol = new Protocol(FINAL, options.random);
  }

  /** Watches a job from now on; `ticketUrl` is the address that came with the job, if it is fresh. */
  watch(jobId: string, token: string, ticketUrl?: string): void {
    this.report((now) => this.protocol.watch(jobId, token, now, ticketUrl));
  }

  unwatch(jobId: string): void {
    this.report((now) => this.protocol.forget(jobId, now));
  }

  /** The page is looked at again, or the network came back. */
  nudge(): void {
    this.report((now) => this.protocol.resync(now));
  }

  /** The browser lost its network. */
  offline(): void {
    this.report((now) => this.protocol.offline(now));
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.alarm);
    this.drop();
  }

  /** Tells the protocol what happened, does what it wants, and wakes it when it wants to. */
  private report(event: (now: number) => void): void {
    if (this.closed) return;
    event(performance.now() / 1000);
    // A handler of the page may report in its turn; the loop that called it goes on with what comes of that.
    if (this.performing) return;
    this.performing = true;
    try {
      for (let actions = this.protocol.actions(); actions.length > 0; actions = this.protocol.actions()) {
        for (const action of actions) this.perform(action);
      }
    } finally {
      this.performing = false;
    }
    clearTimeout(this.alarm);
    const wakeAt = this.protocol.wakeAt();
    if (wakeAt === null) return;
    this.alarm = setTimeout(() => this.report((now) => this.protocol.tick(now)), Math.max(0, wakeAt * 1000 - performance.now()));
  }

  private perform(action: Action): void {
    switch (action.do) {
      case "open":
        this.open(action.url);
        break;
      case "close":
        this.drop();
        break;
      case "subscribe":
        this.socket?.send(JSON.stringify({ action: "subscribe", token: action.token }));
        break;
      case "unsubscribe":
        this.socket?.send(JSON.stringify({ action: "unsubscribe", jobId: action.jobId }));
        break;
      case "read":
        void this.read(action.jobId, action.token);
        break;
      case "changed":
        this.options.onJob(action.job);
        break;
      case "refused":
        this.options.onRefused(action.jobId, { code: action.code, message: action.message });
        break;
      case "state":
        this.options.onState(action.state);
    }
  }

  private open(url: string): void {
    const socket = (this.options.openSocket ?? ((address) => new WebSocket(address)))(url);
    this.socket = socket;
    const failed = () => {
      this.drop();
      this.report((now) => this.protocol.failed("the socket does not open", now));
    };
    this.openingTimer = setTimeout(failed, OPENS_WITHIN_MS);
    socket.onclose = failed;
    socket.onopen = () => {
      clearTimeout(this.openingTimer);
      socket.onclose = () => {
        this.drop();
        this.report((now) => this.protocol.lost("closed", now));
      };
      this.report((now) => this.protocol.opened(now));
    };
    socket.onmessage = (event: MessageEvent<unknown>) => this.report((now) => this.protocol.received(parse(event.data), now));
  }

  /** Lets go of the socket, which is not listened to any more. */
  private drop(): void {
    clearTimeout(this.openingTimer);
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private async read(jobId: string, token: string): Promise<void> {
    if (this.reading.has(jobId)) return;
    this.reading.add(jobId);
    const event = await this.answer(jobId, token);
    this.reading.delete(jobId);
    this.report(event);
  }

  private async answer(jobId: string, token: string): Promise<(now: number) => void> {
    try {
      const { job, live } = await this.options.getJob(jobId, token);
      return (now) => this.protocol.read(job, live.url, now);
    } catch (error) {
      if (!(error instanceof ApiError)) return (now) => this.protocol.unreachable(now);
      const { code, message, refused, retryAfter, status } = error;
      if (refused) return (now) => this.protocol.refused(jobId, code, message, now);
      return (now) => this.protocol.unreachable(now, retryAfter, status !== 0);
    }
  }
}
