/** What the judges gave, as it is typed, by the sport's rule. */
import type { MarksGiven } from "../api/types";

/** How the marks are told: one by one, or what came of them. */
export type MarksKind = "marks" | "execution" | "score";
export const MARKS_KINDS: readonly MarksKind[] = ["marks", "execution", "score"];

export const JUDGES = 7;
/** Smaller competitions have five judges. */
const FEW_JUDGES = 5;
const MIDDLE = 3;
export const HIGHEST = { execution: 30, score: 180 } as const;

export interface MarksTyped {
  kind: MarksKind;
  marks: readonly string[];
  total: string;
}

export type MarksTrouble =
  /** Neither five nor seven marks. */
  | "count"
  /** Not in halves from 0 to 10; `judges` are counted from 0. */
  | "halves"
  /** The total is no number, or more than there is. */
  | "total";

export interface MarksReading {
  given: MarksGiven | null;
  trouble: MarksTrouble | null;
  /** Judges whose mark is none, counted from 0. */
  wrong: ReadonlySet<number>;
  /** Judges whose mark does not count, as one of the highest or lowest. */
  dropped: ReadonlySet<number>;
  /** Sum of the three middle marks, where all are there. */
  execution: number | null;
}

const NONE: ReadonlySet<number> = new Set();

export function readMarks({ kind, marks, total }: MarksTyped): MarksReading {
  if (kind !== "marks") {
    const value = numberOf(total);
    const good = value !== null && value >= 0 && value <= HIGHEST[kind];
    return {
      given: good ? { [kind]: value } : null,
      trouble: good ? null : "total",
      wrong: NONE,
      dropped: NONE,
      execution: good && kind === "execution" ? value : null,
    };
  }
  const said = marks.map((text, judge) => ({ judge, blank: text.trim() === "", mark: numberOf(text) })).filter(({ blank }) => !blank);
  const wrong = new Set(said.filter(({ mark }) => !isMark(mark)).map(({ judge }) => judge));
  if (wrong.size > 0) return { given: null, trouble: "halves", wrong, dropped: NONE, execution: null };
  if (said.length !== JUDGES && said.length !== FEW_JUDGES) {
    return { given: null, trouble: "count", wrong, dropped: NONE, execution: null };
  }
  const ranked = said.map(({ judge, mark }) => ({ judge, mark: mark ?? 0 })).sort((a, b) => a.mark - b.mark);
  const aside = (ranked.length - MIDDLE) / 2;
  const middle = ranked.slice(aside, aside + MIDDLE);
  const execution = middle.reduce((sum, { mark }) => sum + mark, 0);
  const dropped = new Set([...ranked.slice(0, aside), ...ranked.slice(aside + MIDDLE)].map(({ judge }) => judge));
  // The service takes the marks of seven judges; what those of five come to, it takes as the execution.
  const given: MarksGiven = said.length === JUDGES ? { marks: said.map(({ mark }) => mark ?? 0) } : { execution };
  return { given, trouble: null, wrong, dropped, execution };
}

function numberOf(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

function isMark(value: number | null): boolean {
  return value !== null && value >= 0 && value <= 10 && Number.isInteger(2 * value);
}
