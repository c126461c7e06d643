/** The picture behind the head of the page: platform, flight, water. Decoration only. */
export function PoolScene() {
  return (
    <div className="scene" aria-hidden="true">
      <Wave className="scene-wave back" />
      <svg className="flight" viewBox="0 -24 250 444" focusable="false">
        <path className="platform" d="M186 106h80v9h-52l-8 6h-20z" />
        <path className="arc" d="M196 62C150 -14 84 30 62 398" />
        {FIGURES.map((figure, index) => (
          <g key={figure.turn + figure.place} className="diver" opacity={0.22 + 0.156 * index} transform={`translate(${figure.place}) rotate(${figure.turn})`}>
            <circle cx={figure.head[0]} cy={figure.head[1]} r={7} />
            <path d={figure.body} />
            <path className="arm" d={figure.arm} />
          </g>
        ))}
      </svg>
      <Wave className="scene-wave" />
    </div>
  );
}

interface Figure {
  place: string;
  turn: number;
  head: [number, number];
  /** From the shoulders over hips and knees to the toes. */
  body: string;
  arm: string;
}

const STRAIGHT = { head: [0, -34], body: "M0 -21L0 8L0 40", arm: "M0 -20L1 -50" } as const;
const PIKE = { head: [-13, -16], body: "M-5 -10L12 14L-20 32", arm: "M-6 -10L-16 24" } as const;
const TUCK = { head: [-10, -13], body: "M-1 -9Q15 -6 11 12L-12 4L3 19", arm: "M0 -6L-8 12" } as const;

/** One dive at six moments. */
const FIGURES: readonly Figure[] = [
  { place: "194 62", turn: 0, ...STRAIGHT, head: [0, -34] },
  { place: "158 30", turn: -52, ...STRAIGHT, head: [0, -34] },
  { place: "118 58", turn: -100, ...PIKE, head: [-13, -16] },
  { place: "90 134", turn: -210, ...TUCK, head: [-9, -14] },
  { place: "74 230", turn: -250, ...PIKE, head: [-13, -16] },
  { place: "63 345", turn: -180, ...STRAIGHT, head: [0, -34] },
];

function Wave({ className }: { className: string }) {
  return (
    <svg className={className} viewBox="0 0 1440 60" preserveAspectRatio="none" focusable="false">
      <path d="M0 20c30-22 60-22 90 0s60 22 90 0 60-22 90 0 60 22 90 0 60-22 90 0 60 22 90 0 60-22 90 0 60 22 90 0 60-22 90 0 60 22 90 0 60-22 90 0 60 22 90 0 60-22 90 0 60 22 90 0 60-22 90 0 60 22 90 0v40H0z" />
    </svg>
  );
}
