/** What a person says of a dive beside its video, and what of it can be sent. */
import { decimal, t } from "../i18n";
import { readDiveNumber } from "./divenumber";

export interface Declared {
  dive?: string;
  difficulty?: number;
}

/** The two optional fields as they were typed. */
export interface Fields {
  dive: string;
  difficulty: string;
}

export const NOTHING: Fields = { dive: "", difficulty: "" };

export interface Reading {
  declared: Declared;
  /** The dive in words, when the number is one. */
  known: ReturnType<typeof readDiveNumber>;
  diveTrouble: boolean;
  difficultyTrouble: boolean;
}

export function read({ dive, difficulty }: Fields): Reading {
  const known = readDiveNumber(dive);
  const factor = Number(difficulty.replace(",", "."));
  const diveTrouble = dive.trim() !== "" && known === null;
  const difficultyTrouble = difficulty.trim() !== "" && !(factor >= 1 && factor <= 6);
  const declared: Declared = {
    ...(known?.number ? { dive: known.number } : {}),
    ...(difficulty.trim() === "" || difficultyTrouble ? {} : { difficulty: factor }),
  };
  return { declared, known, diveTrouble, difficultyTrouble };
}

export interface Question {
  text: string;
  /** What was typed cannot be sent, or it would be said of all of several videos. */
  about: "trouble" | "all";
}

export type Answer = "as declared" | "undeclared" | "not at all";

/** What must be asked before `count` videos are sent with what was typed, or null: nothing is left out in silence. */
export function question(fields: Fields, count: number): Question | null {
  const { declared, diveTrouble, difficultyTrouble } = read(fields);
  if (diveTrouble) return { text: t("ask.noNumber", { text: fields.dive.trim() }), about: "trouble" };
  if (difficultyTrouble) return { text: t("ask.noDifficulty", { text: fields.difficulty.trim() }), about: "trouble" };
  const said = [declared.dive, declared.difficulty === undefined ? undefined : t("ask.difficulty", { value: decimal(declared.difficulty, 1) })].filter(
    (part) => part !== undefined,
  );
  if (count < 2 || said.length === 0) return null;
  return { text: t("ask.all", { said: said.join(t("ask.separator")), count }), about: "all" };
}
