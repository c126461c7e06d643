/** Why a dive got its points, of a network that says so. */
import { type CSSProperties, type ReactNode, useId } from "react";
import type { Aspects, Measure, Result } from "../api/types";
import { decimal, known, percent, t } from "../i18n";
import "../styles/why.css";
import { accountOf, leadIn, type Loss } from "../why/account";
import { surenessOf } from "../why/evidence";
import { decimalsFor } from "../why/rounding";
import { COUNTS, REAL_DIVES, STEP, standingOf } from "../why/standing";
import { QUARTER } from "./playback";
import { type Play, type Playhead, usePlay } from "./playhead";

/** Points that are not worth a line. */
const TRIFLE = 0.05;

/** What cost points, the dearest first; each shows its moment when it is chosen. */
export function Flaws({ result, aspects, playhead }: { result: Result; aspects: Aspects; playhead: Playhead }) {
  const id = useId();
  const play = usePlay(playhead);
  const { flaws, unseen, lost } = accountOf(aspects);
  return (
    <section className="flaws" aria-labelledby={id}>
      <h4 id={id}>{t("why.title")}</h4>
      <p className="fine">
        {t("why.sum", { lost: decimal(lost, 1), kept: decimal(result.execution, 1) })} {play !== null && flaws.length > 0 && t("why.hint")}
      </p>
      <ol>
        {flaws.map((flaw) => (
          <li key={flaw.name}>
            <FlawRow flaw={flaw} play={play} />
          </li>
        ))}
        {unseen.points >= TRIFLE && (
          <li className="unseen">
            <div className="flaw">
              <Loses name={t("why.unseen.name")} detail={t("why.unseen.detail")} points={unseen.points} share={unseen.share} />
            </div>
          </li>
        )}
      </ol>
      {unseen.part >= 0.5 && <p className="fine">{t("why.unseen.most", { dives: decimal(REAL_DIVES, 0) })}</p>}
    </section>
  );
}

function FlawRow({ flaw, play }: { flaw: Loss; play: Play | null }) {
  const { at } = flaw;
  const sure = t("why.sure", { share: percent(surenessOf(flaw.sureness)) });
  const timed = typeof at === "number";
  const row = (
    <Loses
      name={known(`why.flaw.${flaw.name}`) ?? flaw.name}
      detail={timed ? t("why.atSure", { at: decimal(at, 1), sure }) : sure}
      points={flaw.points}
      share={flaw.share}
    />
  );
  if (play === null || !timed) return <div className="flaw">{row}</div>;
  return (
    <button type="button" className="flaw" onClick={() => play(leadIn(at), QUARTER)}>
      {row}
      <span className="visually-hidden">{t("why.playSlowly")}</span>
    </button>
  );
}

function Loses({ name, detail, points, share }: { name: string; detail: string; points: number; share: number }) {
  return (
    <>
      <span className="flaw-name">
        <strong>{name}</strong> <span className="fine">{detail}</span>
      </span>
      <span className="flaw-bar" aria-hidden="true">
        <span style={{ "--share": share } as CSSProperties} />
      </span>
      <span className="flaw-points">{t("why.minus", { points: decimal(Math.max(points, 0.1), 1) })}</span>
    </>
  );
}

const MEASURE_KEYS: Readonly<Record<string, string>> = {
  "height over the platform": "height",
  "time of flight": "flight",
  "turn rate": "turns",
  "angle at entry": "angle",
  distance: "distance",
  splash: "splash",
};

/** What was measured in the film, each with its expected error. */
export function Measures({ aspects }: { aspects: Aspects }) {
  const id = useId();
  const order = Object.keys(MEASURE_KEYS);
  const place = ({ name }: Measure) => (order.includes(name) ? order.indexOf(name) : order.length);
  const measures = [...aspects.measures].sort((a, b) => place(a) - place(b));
  if (measures.length === 0) return null;
  return (
    <section className="measured" aria-labelledby={id}>
      <h4 id={id}>{t("why.measured")}</h4>
      <dl>
        {measures.map((measure) => (
          <div key={measure.name}>
            <dt>{known(`why.measure.${MEASURE_KEYS[measure.name] ?? ""}`) ?? measure.name}</dt>
            <dd>
              <Value measure={measure} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

type Unit = "s" | "m" | "turns" | "degrees" | "share";
const UNITS: Readonly<Record<string, Unit>> = { s: "s", m: "m", "1/s": "turns", "°": "degrees", "": "share" };

function Value({ measure: { value, error, unit } }: { measure: Measure }): ReactNode {
  const decimals = decimalsFor(error);
  const said = UNITS[unit];
  const off = decimal(error, decimals);
  return (
    <>
      <strong>{decimal(value, decimals)}</strong>{" "}
      <span className="fine">{said === undefined ? `± ${off} ${unit}` : t(`why.error.${said}`, { error: off })}</span>
    </>
  );
}

/** Columns of the picture: executions come in thirds of three judges' marks, so narrower ones would show combs. */
const COLUMN = 3;
const COLUMNS = Array.from({ length: Math.ceil(COUNTS.length / COLUMN) }, (_, index) =>
  COUNTS.slice(index * COLUMN, (index + 1) * COLUMN).reduce((sum, count) => sum + count, 0),
);
const WIDTH = COLUMN * STEP;
const TALLEST = Math.max(...COLUMNS);
const PICTURE_HEIGHT = 10;

/** Where the execution lies among those of real dives. */
export function Standing({ result }: { result: Result }) {
  const id = useId();
  const standing = standingOf(result);
  const { execution } = result;
  const share = (value: number) => percent(surenessOf(value));
  return (
    <section className="standing" aria-labelledby={id}>
      <h4 id={id}>{t("why.standing.title", { dives: decimal(REAL_DIVES, 0) })}</h4>
      <svg viewBox={`0 0 ${COLUMNS.length * WIDTH} ${PICTURE_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {COLUMNS.map((count, index) => {
          const height = (count / TALLEST) * PICTURE_HEIGHT;
          return (
            <rect
              key={index}
              className={standing !== null && (index + 0.5) * WIDTH <= execution ? "below" : ""}
              x={index * WIDTH + 0.08}
              y={PICTURE_HEIGHT - height}
              width={WIDTH - 0.16}
              height={height}
            />
          );
        })}
        {standing !== null && <rect className="here" x={execution - 0.12} y="0" width="0.24" height={PICTURE_HEIGHT} />}
      </svg>
      <p>
        {standing === null
          ? t("why.standing.unseen")
          : t("why.standing.higher", { share: share(standing.share), low: share(standing.low), high: share(standing.high) })}
      </p>
    </section>
  );
}
