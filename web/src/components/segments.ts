/** The lamps of a pool's scoreboard: where each bar of a digit lies, and which are lit. */

/** Which bars are lit: a top, b upper right, c lower right, d bottom, e lower left, f upper left, g middle. */
const LIT: Readonly<Record<string, string>> = {
  "0": "abcdef",
  "1": "bc",
  "2": "abged",
  "3": "abgcd",
  "4": "fgbc",
  "5": "afgcd",
  "6": "afgedc",
  "7": "abc",
  "8": "abcdefg",
  "9": "abcdfg",
  "-": "g",
};

const BARS: Readonly<Record<string, string>> = {
  a: "14,4 46,4 52,10 46,16 14,16 8,10",
  g: "14,44 46,44 52,50 46,56 14,56 8,50",
  d: "14,84 46,84 52,90 46,96 14,96 8,90",
  f: "8,12 14,18 14,42 8,48 2,42 2,18",
  b: "52,12 58,18 58,42 52,48 46,42 46,18",
  e: "8,52 14,58 14,82 8,88 2,82 2,58",
  c: "52,52 58,58 58,82 52,88 46,82 46,58",
};

const DIGIT_WIDTH = 72;
const POINT_WIDTH = 20;

export interface Sign {
  left: number;
  /** The bars of a digit, or none for a point. */
  bars: readonly { points: string; lit: boolean }[] | null;
  lit: boolean;
}

/** The signs of a text of digits, blanks, a minus and points (a comma is a point that is out), and how wide they are; 100 high. */
export function signsOf(text: string): { signs: Sign[]; width: number } {
  let width = 0;
  const signs = [...text].map((character): Sign => {
    const left = width;
    const isPoint = character === "." || character === ",";
    width += isPoint ? POINT_WIDTH : DIGIT_WIDTH;
    if (isPoint) return { left, bars: null, lit: character === "." };
    const lit = LIT[character] ?? "";
    return { left, lit: lit !== "", bars: Object.entries(BARS).map(([name, points]) => ({ points, lit: lit.includes(name) })) };
  });
  return { signs, width };
}
