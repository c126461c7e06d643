import { useState } from "react";
import type { Amendment, MarksGiven, Result } from "../api/types";
import { percent, t } from "../i18n";
import type { Dive } from "../jobs/state";
import { diveInWords, figure, span } from "../jobs/words";
import { surenessOf } from "../why/evidence";
import { Correcting } from "./Correcting";
import { Interval } from "./Interval";
import { Marking } from "./Marking";
import { PhaseNames } from "./PhaseStrip";
import { Playhead } from "./playhead";
import { Replay, type ReplayProps } from "./Replay";
import { Scoreboard } from "./Scoreboard";
import { Stressed } from "./Stressed";
import { Flaws, Measures, Standing } from "./Why";

interface VerdictProps {
  dive: Dive;
  result: Result;
  video: ReplayProps["video"];
  playback: ReplayProps["playback"];
  /** What its owner may do to a scored dive; null for whoever has a link to it. */
  edit: Edit | null;
}

export interface Edit {
  amend: (change: Amendment) => Promise<unknown>;
  mark: (marks: MarksGiven) => Promise<void>;
}

/** Everything that a score rests on. */
export function Verdict({ dive, result, video, playback, edit }: VerdictProps) {
  const [playhead] = useState(() => new Playhead());
  const { aspects } = result;
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
              <Named dive={result.dive} />
              {edit !== null && result.predicted && <Correcting result={result} amend={edit.amend} />}
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
      <Replay result={result} filename={dive.filename} video={video} playback={playback} playhead={playhead}>
        {aspects && (
          <>
            <PhaseNames aspects={aspects} playhead={playhead} />
            <Flaws result={result} aspects={aspects} playhead={playhead} />
          </>
        )}
      </Replay>
      {aspects && <Standing result={result} />}
      {aspects && <Measures aspects={aspects} />}
      {edit !== null && video === "there" && (
        <Marking result={result} given={dive.marks} expiresAt={dive.job?.expiresAt ?? ""} mark={edit.mark} />
      )}
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

/** The dive by its number and in words, and how surely the network names it. */
function Named({ dive }: { dive: Result["dive"] }) {
  if (dive.position === "unknown") return t("board.noDive");
  return (
    <>
      {dive.number !== null && <strong className="number">{dive.number}</strong>} {diveInWords(dive)}
      {dive.source === "predicted" && typeof dive.sureness === "number" && (
        <span className="fine sureness">{t("board.diveSure", { share: percent(surenessOf(dive.sureness)) })}</span>
      )}
    </>
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
