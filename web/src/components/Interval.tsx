import type { Result } from "../api/types";
import { decimal, t } from "../i18n";
import { decimalsFor } from "../why/rounding";

/** The score within its interval on a line of all scores. */
export function Interval({ result }: { result: Result }) {
  const { low, high, level } = result.interval;
  // 120 is a little above the best dives that were ever scored.
  const top = Math.max(120, high);
  const decimals = decimalsFor((high - low) / 2);
  const percent = (value: number) => `${(Math.max(0, value) / top) * 100}%`;
  return (
    <div className="interval">
      <div className="interval-line" aria-hidden="true">
        <span className="interval-band" style={{ left: percent(low), width: percent(high - Math.max(0, low)) }} />
        <span className="interval-mark" style={{ left: percent(result.score) }} />
      </div>
      <p>
        {t("verdict.rangeOf", { low: decimal(low, decimals), high: decimal(high, decimals) })}
      </p>
      <p className="fine">
        {t(`board.means.${result.model.trainedOn === "synthetic" ? "synthetic" : "trained"}`, { share: Math.round(level * 100) })}
      </p>
    </div>
  );
}
