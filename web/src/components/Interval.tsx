import type { Result } from "../api/types";
import { decimal, t } from "../i18n";

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
        {t("verdict.rangeOf", { low: decimal(low, 1), high: decimal(high, 1) })}{" "}
        <span className="fine">{t("verdict.cases", { share: Math.round(level * 100) })}</span>
      </p>
    </div>
  );
}
