import { signsOf } from "./segments";

const lamp = (lit: boolean) => (lit ? "lamp lit" : "lamp");

/** A number as the lamps of a pool's scoreboard show it, right-aligned by the caller; hidden from screen readers, who get words. */
export function SevenSegment({ text, className }: { text: string; className?: string }) {
  const { signs, width } = signsOf(text);
  return (
    <svg className={className} viewBox={`-4 0 ${width} 100`} aria-hidden="true" focusable="false">
      <g transform="skewX(-5) translate(4 0)">
        {signs.map(({ left, bars, lit }) =>
          bars === null ? (
            <circle key={left} className={lamp(lit)} cx={left + 4} cy={91} r={6.5} />
          ) : (
            <g key={left} transform={`translate(${left} 0)`}>
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
