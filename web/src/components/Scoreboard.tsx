import { useEffect, useRef, useState } from "react";
import type { Result } from "../api/types";
import { decimal, t } from "../i18n";
import { figure } from "../jobs/words";
import { figuresKnown } from "../why/rounding";
import { Evidence } from "./Evidence";
import { prefersStillness } from "./follow";
import { SevenSegment } from "./SevenSegment";

const ROLL_MS = 1400;
/** A score that came this long ago is no news any more. */
const NEWS_MS = 3000;

/** The score on the board; when it has only just come the lamps roll up to it, unless the reader prefers no motion. */
export function Scoreboard({ result, settledAt }: { result: Result; settledAt: number | undefined }) {
  const [reveal] = useState(() => settledAt !== undefined && Date.now() - settledAt < NEWS_MS);
  const shown = useRoll(result.score, reveal);
  const text = shown.toFixed(2).padStart(6, " ");
  const mark = result.execution / 3;
  const { low, high } = result.interval;
  return (
    <div className={`board ${reveal ? "board-reveal" : ""}`}>
      <div className="board-head" aria-hidden="true">
        <span>{t("board.score")}</span>
        <span>{result.dive.number ?? ""}</span>
      </div>
      <p className="visually-hidden">{t("board.points", { score: decimal(result.score, 2) })}</p>
      <SevenSegment className="board-digits" text={text} known={figuresKnown(shown, (high - low) / 2)} />
      <dl className="board-sum">
        <div>
          <dt>{t("board.execution")}</dt>
          <dd>{figure(result.execution)}</dd>
        </div>
        <div className="times">
          <dt>{t("board.difficulty")}</dt>
          <dd>{figure(result.difficulty)}</dd>
        </div>
        <div className="board-mark">
          <dt>{t("board.meanMark")}</dt>
          <dd>{decimal(mark, 1)}</dd>
        </div>
      </dl>
      <Evidence result={result} />
    </div>
  );
}

/** The board before the verdict: all lamps out. */
export function DarkBoard() {
  return (
    <div className="board board-dark" aria-hidden="true">
      <div className="board-head">
        <span>{t("board.score")}</span>
      </div>
      <SevenSegment className="board-digits" text="   ,  " />
      <dl className="board-sum">
        <div>
          <dt>{t("board.execution")}</dt>
          <dd>–</dd>
        </div>
        <div className="times">
          <dt>{t("board.difficulty")}</dt>
          <dd>–</dd>
        </div>
        <div className="board-mark">
          <dt>{t("board.meanMark")}</dt>
          <dd>–</dd>
        </div>
      </dl>
    </div>
  );
}

/** The number that the lamps show: it runs up to the score that has just come, and from one that is corrected to the new one. */
function useRoll(target: number, reveal: boolean): number {
  const [shown, setShown] = useState(() => (reveal && !prefersStillness() ? 0 : target));
  const reached = useRef(shown);
  useEffect(() => {
    const from = reached.current;
    if (from === target) return;
    const start = performance.now();
    const lasts = prefersStillness() ? 0 : ROLL_MS;
    let frame = requestAnimationFrame(function step(now) {
      const along = lasts === 0 ? 1 : Math.min(1, (now - start) / lasts);
      reached.current = along === 1 ? target : from + (target - from) * (1 - (1 - along) ** 4);
      setShown(reached.current);
      if (along < 1) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [target]);
  return shown;
}
