import { useEffect, useState } from "react";
import type { Result } from "../api/types";
import { decimal, t } from "../i18n";
import { figure } from "../jobs/words";
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
  return (
    <div className={`board ${reveal ? "board-reveal" : ""}`}>
      <div className="board-head" aria-hidden="true">
        <span>{t("board.score")}</span>
        <span>{result.dive.number ?? ""}</span>
      </div>
      <p className="visually-hidden">{t("board.points", { score: decimal(result.score, 2) })}</p>
      <SevenSegment className="board-digits" text={text} />
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

function useRoll(target: number, roll: boolean): number {
  const [shown, setShown] = useState(() => (roll && !prefersStillness() ? 0 : target));
  useEffect(() => {
    if (!roll || prefersStillness()) return;
    const start = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const along = Math.min(1, (now - start) / ROLL_MS);
      setShown(target * (1 - (1 - along) ** 4));
      if (along < 1) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [target, roll]);
  return shown;
}
