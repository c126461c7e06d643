/**
 * One socket to the live API for every dive on the page.
 *
 * The rules it keeps: while the socket is open nothing is asked over HTTP; each connection gets a fresh ticket; after each
 * connection, every four minutes and whenever the page is looked at again all watched jobs are subscribed anew, which
 * brings their current state; a job whose token is refused is dropped for good; and where sockets are blocked the jobs are
 * asked for over HTTP instead, while the socket is tried again from time to time.
 */
import { ApiError } from "../api/problems";
import type { Job, JobView, LiveMessage, Problem } from "../api/types";
import {
  ASK_MS,
  BACKOFF_MAX_MS,
  BACKOFF_MIN_MS,
  BLOCKED_AFTER,
  HANDSHAKE_MS,
  LINGER_MS,
  RENEW_MS,
  REPLY_MS,
  RESUBSCRIBE_MS,
  RETRY_BLOCKED_MS,
  TICKET_MS,
} from "./timing";

export type LinkState = "idle" | "connecting" | "live" | "reconnecting" | "offline" | "asking";

export interface LinkOptions {
  /** GET /jobs/{id}: a fresh ticket and the job's present state. */
  getJob: (jobId: string, token: string) => Promise<JobView>;
  onJob: (job: Job) => void;
  onState: (state: LinkState) => void;
  /** The token of this job was refused; it is watched no longer. */
  onRefused: (jobId: string, problem: Problem) => void;
  openSocket?: (url: string) => WebSocket;
  isOnline?: () => boolean;
  random?: () => number;
}

const REFUSALS = new Set(["UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "JOB_NOT_FOUND"]);

interface Ticket {
  url: string;
  at: number;
}

type Timer = ReturnType<typeof setTimeout>;

export class LiveLink {
  private readonly topics = new Map<string, string>();
  private readonly pending: string[] = [];
  private asked: string | null = null;
  private socket: WebSocket | null = null;
  private ticket: Ticket | null = null;
  private state: LinkState = "idle";
  private attempts = 0;
  private failedConnections = 0;
  private lostReplies = 0;
  private fetchingTicket = false;
  private askingOverHttp = false;
  private hasBeenLive = false;
  private closed = false;
  private retryTimer: Timer | undefined;
  private replyTimer: Timer | undefined;
  private handshakeTimer: Timer | undefined;
  private resubscribeTimer: Timer | undefined;
  private renewTimer: Timer | undefined;
  private askTimer: Timer | undefined;
  private lingerTimer: Timer | undefined;

  constructor(private readonly options: LinkOptions) {}

  /** Watches a job from now on; `ticketUrl` is the address that came with the job, if it is fresh. */
  watch(jobId: string, token: string, ticketUrl?: string): void {
    this.topics.set(jobId, token);
    clearTimeout(this.lingerTimer);
    if (ticketUrl !== undefined) this.ticket = { url: ticketUrl, at: Date.now() };
    if (this.socket?.readyState === WebSocket.OPEN) {
      // A new dive goes before those that are only being refreshed.
      this.enqueue(jobId, true);
    } else if (this.socket === null && !this.fetchingTicket) {
      // The API has just answered, so there is no reason to wait any longer; blocked sockets keep their own pace.
      if (this.retryTimer === undefined || (ticketUrl !== undefined && this.state !== "asking")) void this.connect();
    }
  }

  unwatch(jobId: string): void {
    if (!this.topics.delete(jobId)) return;
    const at = this.pending.indexOf(jobId);
    if (at >= 0) this.pending.splice(at, 1);
    if (this.socket?.readyState === WebSocket.OPEN) this.send({ action: "unsubscribe", jobId });
    if (this.topics.size > 0) return;
    if (this.state === "live") this.lingerTimer = setTimeout(() => this.rest(), LINGER_MS);
    else this.rest();
  }

  /** The page is looked at again, or the network came back: make sure that what is shown is current, now. */
  nudge(): void {
    if (this.topics.size === 0 || this.closed) return;
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.resubscribe();
    } else if (this.socket === null && !this.fetchingTicket) {
      this.attempts = 0;
      void this.connect();
    }
  }

  /** The browser lost its network; says so at once instead of waiting for a time-out. */
  offline(): void {
    if (this.topics.size === 0 || this.closed) return;
    this.drop();
    this.setState("offline");
    this.scheduleRetry();
  }

  close(): void {
    this.closed = true;
    this.topics.clear();
    this.rest();
  }

  private rest(): void {
    this.drop();
    this.ticket = null;
    this.attempts = 0;
    this.failedConnections = 0;
    this.hasBeenLive = false;
    this.setState("idle");
  }

  /** Lets go of the present socket and of everything that was under way. */
  private drop(): void {
    for (const timer of [
      this.retryTimer,
      this.replyTimer,
      this.handshakeTimer,
      this.resubscribeTimer,
      this.renewTimer,
      this.askTimer,
      this.lingerTimer,
    ]) {
      clearTimeout(timer);
    }
    this.retryTimer = this.askTimer = undefined;
    this.pending.length = 0;
    this.asked = null;
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
  }

  private async connect(): Promise<void> {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    if (this.closed || this.topics.size === 0) return;
    if (this.state !== "asking") this.setState(this.hasBeenLive || this.attempts > 0 ? "reconnecting" : "connecting");
    const url = await this.freshTicket();
    // While the ticket was fetched the page may have stopped watching, or another call may have connected.
    if (url === null || this.closed || this.topics.size === 0 || this.socket !== null) return;
    this.open(url);
  }

  /** A ticket's address, or null after a retry was scheduled or nothing is left to watch. */
  private async freshTicket(): Promise<string | null> {
    const ticket = this.ticket;
    this.ticket = null;
    if (ticket !== null && Date.now() - ticket.at < TICKET_MS) return ticket.url;
    if (this.fetchingTicket) return null;
    this.fetchingTicket = true;
    try {
      for (const [jobId, token] of [...this.topics]) {
        try {
          const view = await this.options.getJob(jobId, token);
          if (this.topics.has(jobId)) this.options.onJob(view.job);
          return view.live.url;
        } catch (error) {
          if (!this.refuse(jobId, error)) {
            this.setState(this.offlineNow(error) ? "offline" : "reconnecting");
            this.scheduleRetry();
            return null;
          }
        }
      }
    } finally {
      this.fetchingTicket = false;
    }
    if (this.topics.size === 0) this.rest();
    return null;
  }

  private open(url: string): void {
    const socket = (this.options.openSocket ?? ((address) => new WebSocket(address)))(url);
    this.socket = socket;
    this.handshakeTimer = setTimeout(() => this.neverLived(), HANDSHAKE_MS);
    socket.onopen = () => {
      clearTimeout(this.handshakeTimer);
      this.renewTimer = setTimeout(() => this.reconnect(), RENEW_MS);
      this.resubscribe();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => this.receive(event.data);
    socket.onclose = () => {
      if (this.state === "live") this.reconnect();
      else this.neverLived();
    };
  }

  /** The first message proves the connection: an open one that carries nothing is worth no more than a refused one. */
  private lives(): void {
    clearTimeout(this.askTimer);
    this.askTimer = undefined;
    this.attempts = 0;
    this.failedConnections = 0;
    this.lostReplies = 0;
    this.hasBeenLive = true;
    this.setState("live");
  }

  private neverLived(): void {
    this.drop();
    this.failedConnections += 1;
    if (this.failedConnections >= BLOCKED_AFTER && this.online()) {
      this.setState("asking");
      this.retryTimer = setTimeout(() => void this.connect(), RETRY_BLOCKED_MS);
      void this.ask();
      return;
    }
    this.setState(this.online() ? "reconnecting" : "offline");
    this.scheduleRetry();
  }

  private reconnect(): void {
    this.drop();
    if (this.topics.size === 0) {
      this.rest();
      return;
    }
    this.setState(this.online() ? "reconnecting" : "offline");
    this.scheduleRetry();
  }

  private scheduleRetry(): void {
    clearTimeout(this.retryTimer);
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.attempts);
    this.attempts += 1;
    // Full jitter: a thousand pages that lost the same server do not come back in one instant.
    const wait = 100 + (this.options.random ?? Math.random)() * ceiling;
    this.retryTimer = setTimeout(() => void this.connect(), wait);
  }

  /** Sockets are blocked here: ask over HTTP until one opens. */
  private async ask(): Promise<void> {
    if (this.askingOverHttp) return;
    this.askingOverHttp = true;
    for (const [jobId, token] of [...this.topics]) {
      if (this.state !== "asking") break;
      try {
        const view = await this.options.getJob(jobId, token);
        if (this.topics.has(jobId)) this.options.onJob(view.job);
      } catch (error) {
        // Anything but a refusal is asked again with the next round.
        this.refuse(jobId, error);
      }
    }
    this.askingOverHttp = false;
    if (this.topics.size === 0) this.rest();
    else if (this.state === "asking") this.askTimer = setTimeout(() => void this.ask(), ASK_MS);
  }

  private resubscribe(): void {
    clearTimeout(this.resubscribeTimer);
    this.resubscribeTimer = setTimeout(() => this.resubscribe(), RESUBSCRIBE_MS);
    for (const jobId of this.topics.keys()) this.enqueue(jobId, false);
  }

  private enqueue(jobId: string, first: boolean): void {
    if (!this.pending.includes(jobId)) {
      if (first) this.pending.unshift(jobId);
      else this.pending.push(jobId);
    }
    this.subscribeNext();
  }

  /** One subscription at a time: an error answer names no job, so this is how it is told whose it is. */
  private subscribeNext(): void {
    if (this.asked !== null) return;
    const jobId = this.pending.shift();
    if (jobId === undefined) return;
    const token = this.topics.get(jobId);
    if (token === undefined) {
      this.subscribeNext();
      return;
    }
    this.asked = jobId;
    this.replyTimer = setTimeout(() => this.replyLost(), REPLY_MS);
    this.send({ action: "subscribe", token });
  }

  private replyLost(): void {
    const jobId = this.asked;
    this.asked = null;
    this.lostReplies += 1;
    if (this.lostReplies >= 2 || jobId === null) {
      // The socket looks open and carries nothing.
      if (this.state === "live") this.reconnect();
      else this.neverLived();
      return;
    }
    this.enqueue(jobId, true);
  }

  private answered(): void {
    clearTimeout(this.replyTimer);
    this.asked = null;
    this.lostReplies = 0;
    this.subscribeNext();
  }

  private receive(data: unknown): void {
    const message = parse(data);
    if (message === null) return;
    if (this.state !== "live") this.lives();
    if (message.type === "job") {
      if (this.topics.has(message.job.jobId)) this.options.onJob(message.job);
      if (message.job.jobId === this.asked) this.answered();
    } else if (message.type === "error" && this.asked !== null) {
      const jobId = this.asked;
      if (REFUSALS.has(message.code)) {
        this.topics.delete(jobId);
        this.options.onRefused(jobId, { code: message.code, message: message.message });
        if (this.topics.size === 0) {
          this.rest();
          return;
        }
      }
      this.answered();
    }
  }

  private refuse(jobId: string, error: unknown): boolean {
    if (!(error instanceof ApiError) || !error.refused) return false;
    this.topics.delete(jobId);
    this.options.onRefused(jobId, { code: error.code, message: error.message });
    return true;
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private online(): boolean {
    return (this.options.isOnline ?? (() => navigator.onLine))();
  }

  private offlineNow(error: unknown): boolean {
    return !this.online() || (error instanceof ApiError && error.status === 0);
  }

  private setState(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }
}

function parse(data: unknown): LiveMessage | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === "object" && value !== null && "type" in value) return value as LiveMessage;
  } catch {
    // Not ours: whatever it was, the next snapshot repairs it.
  }
  return null;
}
