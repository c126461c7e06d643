import { type CSSProperties, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../api/problems";
import type { Playback, Result, Segment } from "../api/types";
import { decimal, t } from "../i18n";
import { prefersStillness } from "./follow";
import { PhaseLine } from "./PhaseStrip";
import { maybePlayable, sourceOf } from "./playback";
import { Player } from "./Player";
import type { Playhead } from "./playhead";

export interface ReplayProps {
  result: Result;
  filename: string;
  /** Whether there is a video to ask for: "erased" by this page, "withheld" from whoever has a link to the score alone. */
  video: "there" | "erased" | "withheld";
  playback: () => Promise<Playback>;
  /** Told where the film is, and who plays it. */
  playhead: Playhead;
  /** What is said of the dive's moments, below its pictures. */
  children?: ReactNode;
}

/** The dive again: its video or a copy that the browser can play, else its frames, over what each segment gave to the score. */
export function Replay({ result, filename, video: state, playback, playhead, children }: ReplayProps) {
  const video = useRef<HTMLVideoElement>(null);
  const { format } = result.video;
  const { source, trouble, load, onError } = usePlayback(state === "there", format, playback);
  const showsVideo = state === "there" && trouble === null && (source !== null || maybePlayable(format));
  const [at, setAt] = useState<number | null>(null);
  const tell = useCallback(
    (seconds: number) => {
      setAt(seconds);
      playhead.moved(seconds);
    },
    [playhead],
  );
  useFrameClock(video, showsVideo && source !== null, tell);
  usePlayer(video, showsVideo && source !== null, playhead);

  const frame = result.video.frames > 0 ? result.video.seconds / result.video.frames : 1 / 25;

  const seek = (seconds: number) => {
    tell(seconds);
    if (video.current !== null) video.current.currentTime = seconds + 0.001;
  };

  return (
    <figure className="replay">
      {showsVideo && (
        <div className="replay-video" style={{ "--ratio": `${result.video.width} / ${result.video.height}` } as CSSProperties}>
          {source === null ? (
            <div className="screen" />
          ) : (
            <Player video={video} src={source.url} name={filename} frame={frame} onError={onError} />
          )}
        </div>
      )}
      <Timeline result={result} at={at} onSeek={showsVideo ? seek : null} playhead={playhead} />
      {children}
      <figcaption className="fine">
        {showsVideo && source?.isCopy === true && <>{t("replay.copy", { format: format.toUpperCase() })} </>}
        {showsVideo
          ? !result.aspects && t("replay.bars")
          : `${whyNoVideo(state, trouble ?? "format", format)} ${t(result.aspects ? "why.frames" : "replay.frames")}`}
        {state === "there" && (trouble === "unavailable" || trouble === "format") && (
          <button type="button" className="button quiet" onClick={load}>
            {t("replay.again")}
          </button>
        )}
      </figcaption>
    </figure>
  );
}

/** Why the video cannot be played: it is gone, out of reach for now, or of a kind that this browser does not play. */
type VideoTrouble = "gone" | "unavailable" | "format";

function whyNoVideo(state: ReplayProps["video"], trouble: VideoTrouble, format: string): string {
  if (state === "withheld") return t("replay.withheld");
  if (state === "erased" || trouble === "gone") return t("replay.erased");
  if (trouble === "unavailable") return t("replay.unavailable");
  return t("replay.format", { format: format.toUpperCase() });
}

interface TimelineProps {
  result: Result;
  at: number | null;
  onSeek: ((seconds: number) => void) | null;
  playhead: Playhead;
}

function Timeline({ result, at, onSeek, playhead }: TimelineProps) {
  const { segments, strip } = result;
  const first = segments[0]?.start ?? 0;
  const last = segments.at(-1)?.end ?? result.video.seconds;
  const length = Math.max(0.001, last - first);
  const scale = useMemo(() => Math.max(...segments.map((segment) => Math.abs(segment.contribution)), 0.001), [segments]);
  const along = at === null ? null : Math.min(1, Math.max(0, (at - first) / length));
  return (
    <div className="timeline">
      {strip && (
        <img
          className="strip"
          src={`data:${strip.contentType};base64,${strip.data}`}
          width={strip.width * strip.frames}
          height={strip.height}
          alt={t("replay.strip", { count: strip.frames })}
        />
      )}
      {result.aspects ? (
        <PhaseLine result={result} aspects={result.aspects} playhead={playhead} />
      ) : (
        <ol className="bars" aria-label={t("replay.contributions")}>
          {segments.map((segment) => (
            <Bar
              key={segment.start}
              segment={segment}
              share={segment.contribution / scale}
              width={(segment.end - segment.start) / length}
              current={at !== null && at >= segment.start && at < segment.end}
              onSeek={onSeek}
            />
          ))}
        </ol>
      )}
      {along !== null && <span className="playhead" aria-hidden="true" style={{ left: `${along * 100}%` }} />}
      <div className="ticks" aria-hidden="true">
        <span>{t("amount.s", { value: decimal(first, 1) })}</span>
        <span>{t("amount.s", { value: decimal(last, 1) })}</span>
      </div>
    </div>
  );
}

interface BarProps {
  segment: Segment;
  /** Of the largest contribution, -1 to 1. */
  share: number;
  width: number;
  current: boolean;
  onSeek: ((seconds: number) => void) | null;
}

function Bar({ segment, share, width, current, onSeek }: BarProps) {
  const points = `${segment.contribution >= 0 ? "+" : "−"}${decimal(Math.abs(segment.contribution), 1)}`;
  const words = t("replay.stretch", { start: decimal(segment.start, 1), end: decimal(segment.end, 1), points });
  const bar = (
    <>
      <span className="bar-points" aria-hidden="true">
        {points}
      </span>
      <span
        className={`bar-fill ${segment.contribution < 0 ? "minus" : ""}`}
        aria-hidden="true"
        style={{ "--share": Math.abs(share) } as CSSProperties}
      />
    </>
  );
  return (
    <li style={{ flexGrow: width }} className={current ? "current" : ""}>
      {onSeek === null ? (
        <div className="bar" title={words}>
          <span className="visually-hidden">{words}</span>
          {bar}
        </div>
      ) : (
        <button type="button" className="bar" title={words} aria-label={t("replay.goTo", { stretch: words })} onClick={() => onSeek(segment.start)}>
          {bar}
        </button>
      )}
    </li>
  );
}

/** What an answer without an address means. The video of a scored dive was there: if it is not now, it was erased. */
function troubleOf(error: unknown): VideoTrouble {
  if (!(error instanceof ApiError)) return "unavailable";
  return error.status === 409 || error.refused ? "gone" : "unavailable";
}

/**
 * Asks for the video's address when it is wanted, and once more when playing fails, to find out why. A film that does
 * not play gives way to its copy, which comes some seconds after the score.
 */
function usePlayback(wanted: boolean, format: string, playback: () => Promise<Playback>) {
  const [loaded, setLoaded] = useState<Playback | null>(null);
  const [itselfMayPlay, setItselfMayPlay] = useState(maybePlayable(format));
  const [trouble, setTrouble] = useState<VideoTrouble | null>(null);
  const ask = useRef(playback);
  useEffect(() => {
    ask.current = playback;
  });
  const load = useCallback(() => {
    ask.current().then(
      (found) => {
        setLoaded(found);
        setTrouble(sourceOf(found, itselfMayPlay) === null ? "format" : null);
      },
      (error: unknown) => setTrouble(troubleOf(error)),
    );
  }, [itselfMayPlay]);
  // Once, and again with what is known by then: when the film itself turns out not to play.
  useEffect(() => {
    if (wanted) load();
  }, [wanted, load]);
  const onError = useCallback(
    (networkBroke: boolean) => {
      if (loaded !== null && Date.parse(loaded.expiresAt) < Date.now()) {
        load();
        return;
      }
      // The element does not tell a file that it cannot play from one that is not there; the service does.
      ask.current().then(
        () => {
          if (!networkBroke && itselfMayPlay) setItselfMayPlay(false);
          else setTrouble(networkBroke ? "unavailable" : "format");
        },
        (error: unknown) => setTrouble(troubleOf(error)),
      );
    },
    [loaded, load, itselfMayPlay],
  );
  const source = useMemo(() => (loaded === null ? null : sourceOf(loaded, itselfMayPlay)), [loaded, itselfMayPlay]);
  return { source, trouble, load, onError };
}

/** Tells the video's time with every frame while it plays; its own timeupdate comes only four times a second. */
function useFrameClock(video: { current: HTMLVideoElement | null }, ready: boolean, tell: (seconds: number) => void): void {
  useEffect(() => {
    const element = video.current;
    if (!ready || element === null) return;
    let frame = 0;
    const tick = () => {
      tell(element.currentTime);
      if (!element.paused && !element.ended) frame = requestAnimationFrame(tick);
    };
    const start = () => {
      cancelAnimationFrame(frame);
      tick();
    };
    element.addEventListener("play", start);
    element.addEventListener("seeked", start);
    element.addEventListener("pause", start);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("play", start);
      element.removeEventListener("seeked", start);
      element.removeEventListener("pause", start);
    };
  }, [video, ready, tell]);
}

/** Lets others play the film from a moment on, and brings it into view for that. */
function usePlayer(video: { current: HTMLVideoElement | null }, ready: boolean, playhead: Playhead): void {
  useEffect(() => {
    const element = video.current;
    if (!ready || element === null) return;
    playhead.offer((seconds, rate) => {
      element.scrollIntoView({ block: "nearest", behavior: prefersStillness() ? "auto" : "smooth" });
      element.currentTime = seconds;
      element.playbackRate = rate;
      // Whoever pauses at once, or leaves, ends what was only beginning: that is no fault.
      element.play().catch(() => undefined);
    });
    return () => playhead.offer(null);
  }, [video, ready, playhead]);
}
