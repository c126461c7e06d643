import { signsOf } from "./segments";

const lamp = (lit: boolean) => (lit ? "lamp lit" : "lamp");

interface Props {
  text: string;
  className?: string;
  /** Figures from the left that mean something; those behind them glow dimly. */
  known?: number;
}

/** A number as the lamps of a pool's scoreboard show it, right-aligned by the caller; hidden from screen readers, who get words. */
export function SevenSegment({ text, className, known = Infinity }: Props) {
  const { signs, width } = signsOf(text);
  // A point belongs to the figure behind it.
  const dim = (index: number) => figures(text, text.charAt(index) === "." ? index + 1 : index) > known;
  return (
    <svg className={className} viewBox={`-4 0 ${width} 100`} aria-hidden="true" focusable="false">
      <g transform="skewX(-5) translate(4 0)">
        {signs.map(({ left, bars, lit }, index) =>
          bars === null ? (
            <circle key={left} className={`${lamp(lit)}${dim(index) ? " dim" : ""}`} cx={left + 4} cy={91} r={6.5} />
          ) : (
            <g key={left} className={dim(index) ? "dim" : undefined} transform={`translate(${left} 0)`}>
              {bars.map((bar) => (
                <polygon key={bar.points} className={lamp(bar.lit)} points={bar.points} />
              ))}
            </g>
          ),
        )}
      </g>
    </svg>
  );
}

/** How many figures a number has up to and with a place of its text. */
function figures(text: string, last: number): number {
  return text.slice(0, last + 1).replace(/[^0-9]/g, "").length;
}
