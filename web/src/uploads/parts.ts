/**
 * The parts of one file, numbered from 1 as S3 does, and how far each is.
 *
 *     new ──▶ hashing ──▶ hashed ──▶ asked ──▶ ready ──▶ sending ──▶ stored
 */

export type PartState =
  | "new"
  | "hashing"
  /** Its hash is known; it needs an address. */
  | "hashed"
  | "asked"
  /** It has an address and waits for a lane. */
  | "ready"
  | "sending"
  | "stored";

export interface Part {
  readonly number: number;
  state: PartState;
  sha256: string | null;
  /** When its address ends. */
  validUntil: number;
  /** The question that was the latest when it was stored: the answer to a later one tells whether it still is. */
  storedAt: number;
  /** In a row, for other reasons than load. */
  refusals: number;
}

export class Parts {
  private readonly all: readonly Part[];

  constructor(readonly count: number) {
    this.all = Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      state: "new",
      sha256: null,
      validUntil: 0,
      storedAt: 0,
      refusals: 0,
    }));
  }

  /** Those in one of these states, by number. */
  in(...states: PartState[]): Part[] {
    return this.all.filter(({ state }) => states.includes(state));
  }

  get(number: number): Part {
    const part = this.all[number - 1];
    if (part === undefined) throw new RangeError(`part ${number}`);
    return part;
  }

  /** Moves all of a state to where they have to be asked for; gives them. */
  askAgain(state: PartState): Part[] {
    const parts = this.in(state);
    for (const part of parts) part.state = part.sha256 === null ? "new" : "hashed";
    return parts;
  }

  /** What storage has, by the answer to question number `question`. */
  compare(present: readonly number[], question: number): void {
    const there = new Set(present);
    for (const part of this.all) {
      // One that is being sent tells by itself how it ends.
      if (part.state === "sending") continue;
      if (there.has(part.number)) keep(part, question);
      else if (part.state === "stored" && part.storedAt < question) part.state = part.sha256 === null ? "new" : "hashed";
    }
  }

  /** The next to be hashed, while less than `most` are on their way. */
  toHash(most: number): Part | undefined {
    return this.in("hashed", "asked", "ready", "sending").length < most ? this.in("new")[0] : undefined;
  }

  /** Those to be sent now; what has an address that ended is asked for again. */
  toPut(atOnce: number, now: number): Part[] {
    for (const part of this.in("ready")) if (part.validUntil <= now) part.state = "hashed";
    return this.in("ready").slice(0, Math.max(0, atOnce - this.in("sending").length));
  }

  /** Those to be asked for now: several in one question, but no lane waits for that. `rested`: nothing is being hashed. */
  toAsk(atOnce: number, ahead: number, rested: boolean): Part[] {
    const hashed = this.in("hashed").slice(0, atOnce + ahead);
    const idle = this.in("ready", "sending").length < atOnce;
    const last = this.in("new").length === 0;
    const enough = hashed.length >= atOnce || (rested && (idle || last));
    return enough && this.in("asked").length === 0 ? hashed : [];
  }

  forgiveRefusals(): void {
    for (const part of this.all) part.refusals = 0;
  }
}

export function keep(part: Part, question: number): void {
  part.state = "stored";
  part.storedAt = question;
  part.refusals = 0;
}

export function numbers(parts: readonly Part[]): number[] {
  return parts.map(({ number }) => number);
}
