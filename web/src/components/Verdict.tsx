import type { Result } from "../api/types";
import { t } from "../i18n";
import type { Dive } from "../jobs/state";
import { diveInWords, figure, span } from "../jobs/words";
import { Interval } from "./Interval";
import { Replay, type ReplayProps } from "./Replay";
import { Scoreboard } from "./Scoreboard";
import { Stressed } from "./Stressed";

interface VerdictProps {
  dive: Dive;
  result: Result;
  video: ReplayProps["video"];
  playback: ReplayProps["playback"];
}

/** Everything that a score rests on. */
export function Verdict({ dive, result, video, playback }: VerdictProps) {
  const predicted = result.dive.source === "predicted";
  const { sentAt, settledAt } = dive;
  return (
    <div className="verdict">
      <div className="verdict-score">
        <Scoreboard result={result} settledAt={settledAt} />
        <dl className="facts">
          <div>
            <dt>{t(predicted ? "verdict.seen" : "verdict.declared")}</dt>
            <dd>
              {result.dive.number !== null && <strong className="number">{result.dive.number}</strong>} {diveInWords(result.dive)}
            </dd>
          </div>
          <div>
            <dt>{t("verdict.range")}</dt>
            <dd>
              <Interval result={result} />
            </dd>
          </div>
          <div>
            <dt>{t("verdict.difficulty")}</dt>
            <dd>
              {t("verdict.difficultyOf", {
                difficulty: figure(result.difficulty),
                source: t(`verdict.source.${result.difficultySource}`),
              })}
            </dd>
          </div>
        </dl>
      </div>
      <Replay result={result} filename={dive.filename} video={video} playback={playback} />
      <footer className="provenance">
        <p>
          <Stressed>
            {t(result.model.trainedOn === "synthetic" ? "verdict.synthetic" : "verdict.trained", {
              model: result.model.id,
              version: result.model.version,
              data: result.model.trainedOn,
            })}
          </Stressed>
        </p>
        <dl className="timings">
          {timings(result, sentAt, settledAt).map(([name, seconds]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{span(seconds)}</dd>
            </div>
          ))}
        </dl>
      </footer>
      {result.warnings.length > 0 && (
        <ul className="warnings">
          {result.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

const TIMINGS = ["download", "decode", "infer"] as const;

function timings(result: Result, sentAt: number | undefined, settledAt: number | undefined): [string, number][] {
  const rows = TIMINGS.flatMap((key): [string, number][] => {
    const seconds = result.timings[key];
    return seconds === undefined ? [] : [[t(`verdict.timing.${key}`), seconds]];
  });
  if (sentAt !== undefined && settledAt !== undefined && settledAt >= sentAt) {
    rows.push([t("verdict.timing.all"), (settledAt - sentAt) / 1000]);
  }
  return rows;
}
