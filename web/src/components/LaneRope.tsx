import { t } from "../i18n";
import { STATIONS, type Stage } from "../jobs/stage";

/** The way of a dive as a lane rope: floats that fill up to where it is, with its stations beneath. */
export function LaneRope({ stage }: { stage: Stage }) {
  const percent = Math.round(stage.fraction * 100);
  return (
    <div className={`rope rope-${stage.outcome}`}>
      <div
        className="rope-line"
        role="progressbar"
        aria-label={t("stage.progress")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={stage.label}
      >
        <div className="rope-fill" style={{ clipPath: `inset(0 ${100 - stage.fraction * 100}% 0 0)` }} />
      </div>
      <ol className="stations" aria-hidden="true">
        {STATIONS.map((name, index) => (
          <li key={name} className={index < stage.station ? "past" : index === stage.station ? "here" : "ahead"}>
            {t(`station.${name}`)}
          </li>
        ))}
      </ol>
    </div>
  );
}
