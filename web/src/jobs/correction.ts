/** What a person corrects of a scored dive, and what of it is sent. */
import type { Amendment, Problem, Result } from "../api/types";
import { read } from "./declared";

export const HEIGHTS = [1, 3, 5, 7.5, 10] as const;

/** The fields as they are typed; empty: not declared, so that it is seen or follows. */
export interface Correction {
  dive: string;
  height: string;
  difficulty: string;
}

export type CorrectionField = keyof Correction;

/** What counts as declared at present. */
export function declaredIn(result: Result): Correction {
  return {
    dive: result.dive.source === "given" ? (result.dive.number ?? "") : "",
    height: result.heightSource === "given" && result.height !== null && result.height !== undefined ? String(result.height) : "",
    difficulty: result.difficultySource === "given" ? String(result.difficulty) : "",
  };
}

export interface CorrectionReading {
  /** What differs from what is declared: left out stays, null takes back. */
  change: Amendment;
  /** Fields that cannot be sent as they are. */
  wrong: ReadonlySet<CorrectionField>;
}

export function readCorrection(typed: Correction, declared: Correction): CorrectionReading {
  const reading = read(typed);
  const wrong = new Set<CorrectionField>();
  if (reading.diveTrouble) wrong.add("dive");
  if (reading.difficultyTrouble) wrong.add("difficulty");
  const dive = reading.declared.dive ?? null;
  const height = HEIGHTS.find((metres) => String(metres) === typed.height) ?? null;
  const difficulty = reading.declared.difficulty ?? null;
  const before = read(declared).declared;
  return {
    change: {
      ...(dive === (before.dive ?? null) ? {} : { dive }),
      ...(String(height ?? "") === declared.height ? {} : { height }),
      ...(difficulty === (before.difficulty ?? null) ? {} : { difficulty }),
    },
    wrong,
  };
}

/** The field that the service's answer is about, which it says beside it; null: it is about none. */
export function fieldOf({ code, message }: Problem): CorrectionField | null {
  if (code === "DIVE_IMPOSSIBLE") return "dive";
  if (code === "DIFFICULTY_IMPOSSIBLE") return "difficulty";
  const named = code === "INVALID_REQUEST" ? /^(dive|height|difficulty)\b/.exec(message)?.[1] : undefined;
  return (named as CorrectionField | undefined) ?? null;
}
