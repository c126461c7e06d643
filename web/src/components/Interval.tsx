import type { Result } from "../api/types";

/** The score within its interval on a line of all scores. */
export function Interval({ result }: { result: Result }) {
  const { low, high, level } = result.interval;
  // 120 is a little above the best dives that were ever scored.
  const top = Math.max(120, high);
  const percent = (value: number) => `${(Math.max(0, value) / top) * 100}%`;
  return (
    <div className="interval">
      <div className="interval-line" aria-hidden="true">
        <span className="interval-band" style={{ left: percent(low), width: percent(high - Math.max(0, low)) }} />
        <span className="interval-mark" style={{ left: percent(result.score) }} />
      </div>
      <p>
        {low.toFixed(1)} to {high.toFixed(1)} <span className="fine">in {Math.round(level * 100)} of 100 cases</span>
      </p>
    </div>
  );
}
