/** Runs a call until it succeeds or cannot: what parts do by themselves, for everything that is sent whole. */
import { ApiError, NETWORK } from "../api/problems";
import { Gate } from "./gate";
import { busyCode } from "./meanings";
import { PATIENCE, type Patience } from "./timing";
import { onTheClock, sameTold, type Told } from "./told";

export class Persistence {
  private readonly gate: Gate;
  private paused = false;
  private away = false;
  private attempt: AbortController | null = null;
  private wake: () => void = () => undefined;
  private last: Told | undefined;

  constructor(
    private readonly tell: (told: Told) => void,
    private readonly signal: AbortSignal,
    patience: Patience = PATIENCE,
  ) {
    this.gate = new Gate(patience);
    signal.addEventListener("abort", () => this.interrupt(), { once: true });
  }

  /** What the call gives. Rejects with what it rejected with where trying again cannot help, or with the signal's reason. */
  async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      await this.clear();
      const attempt = new AbortController();
      this.attempt = attempt;
      try {
        const result = await call(attempt.signal);
        this.gate.passed();
        return result;
      } catch (error) {
        this.signal.throwIfAborted();
        if (attempt.signal.aborted) continue; // paused, or offline
        const reason = error instanceof ApiError ? reasonOf(error) : null;
        if (reason === null) throw error;
        this.gate.shut(reason, seconds(), (error as ApiError).retryAfter);
      } finally {
        this.attempt = null;
      }
    }
  }

  pause(): void {
    this.paused = true;
    this.interrupt();
  }

  resume(): void {
    this.paused = false;
    this.startOver();
  }

  offline(): void {
    this.away = true;
    this.interrupt();
  }

  online(): void {
    this.away = false;
    this.startOver();
  }

  /** Resolves when the next call may be made; tells what it waits for. */
  private async clear(): Promise<void> {
    for (;;) {
      this.signal.throwIfAborted();
      const until = this.gate.closedUntil(seconds());
      const state = this.paused ? "paused" : this.away ? "offline" : until === null ? "sending" : "waiting";
      const told = { state, reason: state === "waiting" ? this.gate.reason : "", until: onTheClock(until) } as const;
      if (!sameTold(this.last, told)) this.tell((this.last = told));
      if (state === "sending") return;
      await new Promise<void>((resolve) => {
        const timer = state === "waiting" && until !== null ? setTimeout(resolve, until * 1000 - performance.now()) : undefined;
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private startOver(): void {
    this.gate.startOver();
    this.wake();
  }

  private interrupt(): void {
    this.attempt?.abort(new DOMException("Stopped", "AbortError"));
    this.wake();
  }
}

function seconds(): number {
  return performance.now() / 1000;
}

function reasonOf({ status, code }: ApiError): string | null {
  return status === 0 ? (code === NETWORK ? NETWORK : null) : busyCode({ status, code });
}
