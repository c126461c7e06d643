import { useId } from "react";
import type { Aspects, Phase, Result } from "../api/types";
import { decimal, t } from "../i18n";
import { along, phaseAt, stretchOf } from "../why/account";
import { type Playhead, usePlay, useSeconds } from "./playhead";
import { QUARTER } from "./playback";

interface Props {
  result: Result;
  aspects: Aspects;
  playhead: Playhead;
}

/** The phases of the dive along its pictures, with a pin at each moment that cost points. */
export function PhaseLine({ result, aspects, playhead }: Props) {
  const stretch = stretchOf(result);
  const now = phaseAt(aspects.phases, useSeconds(playhead));
  const percent = (at: number) => `${along(stretch, at) * 100}%`;
  const pins = [...new Set(aspects.flaws.flatMap(({ at }) => (at === null || at === undefined ? [] : [at])))];
  return (
    <div className="phase-line" aria-hidden="true">
      {aspects.phases.map((phase) => (
        <span
          key={phase.name}
          className={`phase-part phase-${phase.name} ${phase === now ? "current" : ""}`}
          style={{ left: percent(phase.start), width: `${(along(stretch, phase.end) - along(stretch, phase.start)) * 100}%` }}
        />
      ))}
      {pins.map((at) => (
        <span key={at} className="pin" style={{ left: percent(at) }} />
      ))}
    </div>
  );
}

/** The same phases by name; choosing one plays it slowly. */
export function PhaseNames({ aspects, playhead }: Omit<Props, "result">) {
  const id = useId();
  const play = usePlay(playhead);
  const now = phaseAt(aspects.phases, useSeconds(playhead));
  return (
    <>
      <p id={id} className="visually-hidden">
        {t("why.phases")}
      </p>
      <ol className="phase-names" aria-labelledby={id}>
        {aspects.phases.map((phase) => (
          <li key={phase.name} aria-current={phase === now ? "step" : undefined}>
            {play === null ? (
              <div className="phase">
                <Name phase={phase} />
              </div>
            ) : (
              <button type="button" className="phase" onClick={() => play(phase.start, QUARTER)}>
                <Name phase={phase} />
                <span className="visually-hidden">{t("why.playSlowly")}</span>
              </button>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}

function Name({ phase }: { phase: Phase }) {
  return (
    <>
      <span className={`phase-swatch phase-${phase.name}`} aria-hidden="true" />
      <strong>{t(`why.phase.${phase.name}`)}</strong>{" "}
      <span className="fine">{t("why.fromTo", { start: decimal(phase.start, 1), end: decimal(phase.end, 1) })}</span>
    </>
  );
}
