/** A number as the lamps of a pool's scoreboard show it: lit and unlit bars. */

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

/** `text` of digits, blanks, a minus and points (a comma is a point that is out), right-aligned by the caller; hidden from screen readers, who get words. */
export function SevenSegment({ text, className }: { text: string; className?: string }) {
  let x = 0;
  const parts = [...text].map((character, index) => {
    const left = x;
    if (character === "." || character === ",") {
      x += POINT_WIDTH;
      return <circle key={index} className={character === "." ? "lamp lit" : "lamp"} cx={left + 4} cy={91} r={6.5} />;
    }
    x += DIGIT_WIDTH;
    const lit = LIT[character] ?? "";
    return (
      <g key={index} transform={`translate(${left} 0)`}>
        {Object.entries(BARS).map(([name, points]) => (
          <polygon key={name} className={lit.includes(name) ? "lamp lit" : "lamp"} points={points} />
        ))}
      </g>
    );
  });
  return (
    <svg className={className} viewBox={`-4 0 ${x} 100`} aria-hidden="true" focusable="false">
      <g transform="skewX(-5) translate(4 0)">{parts}</g>
    </svg>
  );
}
