import { useEffect, useRef, useState } from "react";
import type { Result } from "../api/types";
import { maybePlayable, sourceOf, SPEED_NAMES, SPEEDS } from "../components/playback";
import { SevenSegment } from "../components/SevenSegment";
import { decimal, t } from "../i18n";
import type { Pool } from "../jobs/pool";
import type { Dive } from "../jobs/state";
import { diveInWords, nameOf } from "../jobs/words";
import { commonSpan, takeOffOf } from "./instep";

/** Seconds that two videos may be apart before one is set to the other. */
const APART = 0.08;

interface Props {
  dives: readonly Dive[];
  pool: Pool;
  onClose: () => void;
}

/** Two scored dives side by side, played in step from their take-offs. */
export function Compare({ dives, pool, onClose }: Props) {
  const sides = dives.flatMap((dive) => (dive.job?.result ? [{ dive, result: dive.job.result }] : []));
  const results = sides.map(({ result }) => result);
  const videos = useRef(new Map<string, HTMLVideoElement>());
  const { start, end } = commonSpan(results);
  const [at, setAt] = useState(start);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);

  const each = (act: (video: HTMLVideoElement, takeOff: number) => void) => {
    for (const { dive, result } of sides) {
      const video = videos.current.get(dive.key);
      if (video !== undefined) act(video, takeOffOf(result));
    }
  };
  const go = (seconds: number) => {
    setAt(seconds);
    each((video, takeOff) => {
      video.currentTime = takeOff + seconds;
    });
  };
  const pause = () => {
    setPlaying(false);
    each((video) => video.pause());
  };
  const play = () => {
    go(at >= end - 0.05 ? start : at);
    setPlaying(true);
    each((video) => {
      video.playbackRate = speed;
      void video.play();
    });
  };
  const choose = (wanted: number) => {
    setSpeed(wanted);
    each((video) => {
      video.playbackRate = wanted;
    });
  };
  useInStep(playing, videos, sides, end, setAt, () => {
    setPlaying(false);
    each((video) => video.pause());
  });

  return (
    <section className="card compare" aria-labelledby="compare-title">
      <header className="card-head">
        <h2 id="compare-title">{t("compare.title")}</h2>
        <button type="button" className="button quiet" onClick={onClose}>
          {t("compare.close")}
        </button>
      </header>
      <div className="compare-sides">
        {sides.map(({ dive, result }) => (
          <Side key={dive.key} dive={dive} result={result} pool={pool} hold={(video) => (video === null ? videos.current.delete(dive.key) : videos.current.set(dive.key, video))} />
        ))}
      </div>
      {sides.length < 2 ? (
        <p>{t("compare.chooseOther")}</p>
      ) : (
        <div className="player-tools">
          <button type="button" className="button primary" onClick={playing ? pause : play}>
            {t(playing ? "compare.pause" : "compare.play")}
          </button>
          {SPEEDS.map((one) => (
            <button key={one} type="button" className="button" aria-pressed={speed === one} aria-label={t("player.speed", { speed: SPEED_NAMES[one] })} onClick={() => choose(one)}>
              {SPEED_NAMES[one]}
            </button>
          ))}
          <input
            type="range"
            className="compare-time"
            aria-label={t("compare.time")}
            aria-valuetext={t("compare.seconds", { value: decimal(at, 2) })}
            min={start}
            max={end}
            step={0.04}
            value={at}
            onChange={(event) => {
              pause();
              go(Number(event.target.value));
            }}
          />
          <output className="fine">{t("compare.seconds", { value: decimal(at, 2) })}</output>
        </div>
      )}
    </section>
  );
}

interface SideProps {
  dive: Dive;
  result: Result;
  pool: Pool;
  hold: (video: HTMLVideoElement | null) => void;
}

function Side({ dive, result, pool, hold }: SideProps) {
  const [url, setUrl] = useState<string | null>(null);
  const [failed, setFailed] = useState(dive.videoErased);
  const { key, videoErased } = dive;
  const { format } = result.video;
  useEffect(() => {
    if (videoErased) return;
    let wanted = true;
    pool.playback(key).then(
      (found) => {
        const source = sourceOf(found, maybePlayable(format));
        if (wanted) setUrl(source?.url ?? null);
        if (wanted && source === null) setFailed(true);
      },
      () => wanted && setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [pool, key, videoErased, format]);
  return (
    <figure>
      <div className="screen">
        {url !== null && !failed && (
          <video
            ref={hold}
            src={url}
            muted
            playsInline
            preload="auto"
            aria-label={t("replay.video", { name: nameOf(dive) })}
            onLoadedMetadata={(event) => {
              event.currentTarget.currentTime = takeOffOf(result);
            }}
            onError={() => setFailed(true)}
          />
        )}
        {failed && <p>{t(videoErased ? "replay.erased" : "replay.unavailable")}</p>}
      </div>
      <figcaption>
        <span className="card-score">
          <span className="visually-hidden">{t("board.points", { score: decimal(result.score, 2) })}</span>
          <SevenSegment text={result.score.toFixed(2).padStart(6, " ")} />
        </span>
        <span>
          <strong>{nameOf(dive)}</strong>
          <span className="fine">{diveInWords(result.dive)}</span>
        </span>
      </figcaption>
    </figure>
  );
}

/** Keeps the videos in step while they play, and stops at the end of the shorter one. */
function useInStep(
  playing: boolean,
  videos: { current: Map<string, HTMLVideoElement> },
  sides: readonly { dive: Dive; result: Result }[],
  end: number,
  tell: (seconds: number) => void,
  stop: () => void,
): void {
  const latest = useRef({ sides, end, stop });
  useEffect(() => {
    latest.current = { sides, end, stop };
  });
  useEffect(() => {
    if (!playing) return;
    let frame = requestAnimationFrame(function follow() {
      const { sides, end, stop } = latest.current;
      const [first, ...others] = sides.flatMap(({ dive, result }) => {
        const video = videos.current.get(dive.key);
        return video === undefined ? [] : [{ video, takeOff: takeOffOf(result) }];
      });
      if (first === undefined) return;
      const at = first.video.currentTime - first.takeOff;
      for (const { video, takeOff } of others) {
        if (Math.abs(video.currentTime - takeOff - at) > APART) video.currentTime = takeOff + at;
      }
      tell(Math.min(at, end));
      if (at >= end || first.video.ended) stop();
      else frame = requestAnimationFrame(follow);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, videos, tell]);
}
