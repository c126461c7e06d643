import type { Result } from "../api/types";
import type { Dive } from "../jobs/state";
import { diveInWords, figure, span } from "../jobs/words";
import { Interval } from "./Interval";
import { Replay, type ReplayProps } from "./Replay";
import { Scoreboard } from "./Scoreboard";

interface VerdictProps {
  dive: Dive;
  result: Result;
  video: ReplayProps["video"];
  playback: ReplayProps["playback"];
}

const DIFFICULTY_SOURCE: Readonly<Record<Result["difficultySource"], string>> = {
  given: "as declared",
  dive: "from the dive number",
  predicted: "predicted",
};

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
            <dt>{predicted ? "Dive, as the network saw it" : "Dive, as declared"}</dt>
            <dd>
              {result.dive.number !== null && <strong className="number">{result.dive.number}</strong>} {diveInWords(result.dive)}
            </dd>
          </div>
          <div>
            <dt>Likely range</dt>
            <dd>
              <Interval result={result} />
            </dd>
          </div>
          <div>
            <dt>Difficulty</dt>
            <dd>
              {figure(result.difficulty)}, {DIFFICULTY_SOURCE[result.difficultySource]}
            </dd>
          </div>
        </dl>
      </div>
      <Replay result={result} filename={dive.filename} video={video} playback={playback} />
      <footer className="provenance">
        <p>
          Scored by <strong>{result.model.id}</strong> {result.model.version}
          {result.model.trainedOn === "synthetic" ? (
            <>, a small network that learned from dives rendered by this project, not from real ones. Take it as an estimate, not as a judge.</>
          ) : (
            <>, trained on {result.model.trainedOn}. An estimate, not a judge.</>
          )}
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

const TIMING_NAMES: Readonly<Record<string, string>> = { download: "Fetch", decode: "Decode", infer: "Score" };

function timings(result: Result, sentAt: number | undefined, settledAt: number | undefined): [string, number][] {
  const rows = Object.entries(TIMING_NAMES).flatMap(([key, name]): [string, number][] => {
    const seconds = result.timings[key];
    return seconds === undefined ? [] : [[name, seconds]];
  });
  if (sentAt !== undefined && settledAt !== undefined && settledAt >= sentAt) {
    rows.push(["Sent to shown", (settledAt - sentAt) / 1000]);
  }
  return rows;
}
