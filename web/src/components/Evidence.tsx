import type { Result } from "../api/types";
import { decimal, t } from "../i18n";
import { LAMPS, lampsOf, sightOf } from "../why/evidence";
import { REAL_DIVES } from "../why/standing";

/** Which model it was, and how much of the score it saw in the film; the rest is what real dives say. */
export function Evidence({ result }: { result: Result }) {
  const { model } = result;
  const sight = sightOf(result);
  const name = model.trainedOn === "synthetic" ? t("board.demo") : model.id;
  return (
    <div className="board-evidence">
      {sight !== null && (
        <span className="sight" aria-hidden="true">
          {Array.from({ length: LAMPS }, (_, index) => (
            <span key={index} className={index < lampsOf(sight) ? "lit" : ""} />
          ))}
        </span>
      )}
      <p>{t(`board.seen.${sight ?? "alone"}`, { model: name, dives: decimal(REAL_DIVES, 0) })}</p>
    </div>
  );
}
