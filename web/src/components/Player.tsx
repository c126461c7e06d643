import { type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import { t } from "../i18n";
import { SPEED_NAMES, SPEEDS } from "./playback";

interface Props {
  video: RefObject<HTMLVideoElement | null>;
  src: string;
  name: string;
  /** Seconds from one frame to the next. */
  frame: number;
  onError: (networkBroke: boolean) => void;
}

/** A video with what a dive needs: slow motion, and steps from frame to frame, by keys too. */
export function Player({ video, src, name, frame, onError }: Props) {
  const speed = useSpeed(video);
  const step = (frames: number) => stepBy(video.current, frames, frame);
  const choose = (wanted: number) => setSpeed(video.current, wanted);
  // From what the video has now: a second key may come before the first one's speed is drawn.
  const slower = (by: number) => {
    const now = nearest(video.current?.playbackRate ?? 1);
    choose(SPEEDS[Math.min(Math.max(now + by, 0), SPEEDS.length - 1)] ?? 1);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ",": () => step(-1),
    ".": () => step(1),
    "<": () => slower(-1),
    ">": () => slower(1),
    k: () => void (video.current?.paused === true ? video.current.play() : video.current?.pause()),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <div className="player" onKeyDown={onKeyDown}>
      <div className="screen">
        <video
          ref={video}
          src={src}
          controls
          muted
          playsInline
          preload="auto"
          aria-label={t("replay.video", { name })}
          onError={(event) => onError(event.currentTarget.error?.code === MediaError.MEDIA_ERR_NETWORK)}
          onLoadedMetadata={(event) => {
            // A file whose sound alone can be played has no picture to show.
            if (event.currentTarget.videoWidth === 0) onError(false);
          }}
        />
      </div>
      <div className="player-tools" role="group" aria-label={t("player.tools")}>
        <button type="button" className="button" aria-label={t("player.back")} title={t("player.back")} onClick={() => step(-1)}>
          <Step forward={false} />
        </button>
        <button type="button" className="button" aria-label={t("player.forward")} title={t("player.forward")} onClick={() => step(1)}>
          <Step forward />
        </button>
        {SPEEDS.map((one) => (
          <button key={one} type="button" className="button" aria-pressed={speed === one} aria-label={t("player.speed", { speed: SPEED_NAMES[one] })} onClick={() => choose(one)}>
            {SPEED_NAMES[one]}
          </button>
        ))}
        <details className="fine player-keys">
          <summary>{t("player.keys")}</summary>
          <dl>
            {(["step", "speed", "play"] as const).map((what) => (
              <div key={what}>
                <dt>
                  {KEYS[what].map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{t(`player.does.${what}`)}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
    </div>
  );
}

const KEYS = { step: [",", "."], speed: ["<", ">"], play: ["K"] } as const;

/** Stops at another frame. */
function stepBy(element: HTMLVideoElement | null, frames: number, frame: number): void {
  if (element === null) return;
  element.pause();
  const at = Math.floor(element.currentTime / frame + 1e-6) + frames;
  // The middle of a frame: its edge may show either neighbour.
  element.currentTime = Math.min(Math.max(0, (at + 0.5) * frame), element.duration || Infinity);
}

function setSpeed(element: HTMLVideoElement | null, wanted: number): void {
  if (element !== null) element.playbackRate = wanted;
}

function nearest(speed: number): number {
  const found = SPEEDS.findIndex((one) => one >= speed);
  return found === -1 ? SPEEDS.length - 1 : found;
}

/** The speed of the video, whoever sets it: these buttons, the browser's own menu, or another part of the page. */
function useSpeed(video: RefObject<HTMLVideoElement | null>): number {
  const [speed, tell] = useState(1);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    const hear = () => tell(element.playbackRate);
    element.addEventListener("ratechange", hear);
    return () => element.removeEventListener("ratechange", hear);
  }, [video]);
  return speed;
}

function Step({ forward }: { forward: boolean }) {
  return (
    <svg className="step" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={forward ? "M5 4l8 6-8 6zM14 4h2v12h-2z" : "M15 4l-8 6 8 6zM4 4h2v12H4z"} />
    </svg>
  );
}
