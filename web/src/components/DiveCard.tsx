import { lazy, memo, Suspense, useState } from "react";
import { asProblem, found, NETWORK, sentence } from "../api/problems";
import type { Problem } from "../api/types";
import { decimal, t, useLanguage } from "../i18n";
import { FILE_CHANGED } from "../jobs/files";
import type { Pool } from "../jobs/pool";
import { stageOf } from "../jobs/stage";
import type { Dive } from "../jobs/state";
import { readToken } from "../jobs/tokens";
import { bytes, day, moment, nameOf } from "../jobs/words";
import { Keep } from "../keep/Keep";
import { cardId } from "./follow";
import { LaneRope } from "./LaneRope";
import { LocalPoster } from "./LocalPoster";
import { DarkBoard } from "./Scoreboard";
import { SevenSegment } from "./SevenSegment";
import { ShareButton } from "./ShareButton";
import { Trouble } from "./Trouble";
import { Undoable } from "./Undoable";
import { UploadControls, UploadDetail } from "./UploadControls";

/** Comes after the first paint: nobody reads a verdict before it. */
const loadVerdict = () => import("./Verdict");
const Verdict = lazy(async () => ({ default: (await loadVerdict()).Verdict }));

/** Fetches what shows a verdict while there is time, so that the score waits for nothing. */
export function prepareVerdict(): void {
  loadVerdict().catch(() => undefined); // and is tried again when the verdict is there
}

interface DiveCardProps {
  dive: Dive;
  pool: Pool;
  startsOpen: boolean;
  /** How often all cards were folded: what was opened before is closed. */
  folded: number;
  compared: boolean;
  onCompare: ((key: string) => void) | null;
}

/** One dive on its way, or at its end. Memoised: news of one of many dives draws its own card alone. */
export const DiveCard = memo(function DiveCard({ dive, pool, startsOpen, folded, compared, onCompare }: DiveCardProps) {
  useLanguage();
  const stage = stageOf(dive);
  const result = dive.job?.result;
  const [chosen, setChosen] = useState<{ open: boolean; folded: number } | null>(null);
  const open = chosen?.folded === folded ? chosen.open : folded === 0 && startsOpen;
  const [trouble, setTrouble] = useState<Problem | null>(null);
  const [leaving, setLeaving] = useState<"remove" | "erase" | null>(null);
  const act = (action: () => Promise<void>) => () => {
    setTrouble(null);
    action().catch((error: unknown) => setTrouble(asProblem(error)));
  };
  const video = dive.videoErased ? "erased" : dive.shared && !maySeeVideo(dive) ? "withheld" : "there";
  const scored = stage.outcome === "scored" && result !== undefined && result !== null;

  return (
    <article id={cardId(dive.key)} className={`card card-${stage.outcome} ${scored && !open ? "card-folded" : ""}`} aria-labelledby={`${dive.key}-name`}>
      <header className="card-head">
        <div className="card-title">
          <h3 id={`${dive.key}-name`}>{nameOf(dive)}</h3>
          <p className="fine">
            {dive.sizeBytes > 0 && <>{bytes(dive.sizeBytes)} · </>}
            {moment(dive.shared && dive.job !== undefined ? Date.parse(dive.job.createdAt) : dive.addedAt)}
          </p>
        </div>
        <p className="card-stage" data-testid="stage">
          {stage.label}
        </p>
        {scored && (
          <>
            {!open && (
              <p className="card-score">
                <span className="visually-hidden">{t("board.points", { score: decimal(result.score, 2) })}</span>
                <SevenSegment text={result.score.toFixed(2).padStart(6, " ")} />
              </p>
            )}
            <button type="button" className="button quiet" aria-expanded={open} onClick={() => setChosen({ open: !open, folded })}>
              {t(open ? "card.fold" : "card.show")}
            </button>
          </>
        )}
      </header>

      {stage.outcome === "open" && (
        <div className={startsOpen ? "verdict" : ""}>
          {startsOpen && <DarkBoard />}
          <div className="card-way">
            {startsOpen && <Poster pool={pool} dive={dive} />}
            <LaneRope stage={stage} />
          </div>
        </div>
      )}
      {scored && open && (
        <Suspense fallback={<DarkVerdict />}>
          <Verdict
            dive={dive}
            result={result}
            video={video}
            playback={() => pool.playback(dive.key)}
            edit={
              mayEdit(dive)
                ? { amend: (change) => pool.amend(dive.key, change), mark: (marks) => pool.mark(dive.key, marks) }
                : null
            }
          />
        </Suspense>
      )}
      <Ending dive={dive} />

      <div className="card-actions">
        <UploadControls dive={dive} pool={pool} act={act} />
        {stage.outcome === "open" && !dive.shared && (
          <button type="button" className="button" onClick={act(() => pool.cancel(dive.key))}>
            {t("card.cancel")}
          </button>
        )}
        {dive.job !== undefined && !dive.shared && (stage.outcome === "open" || scored) && (
          <ShareButton makeLink={() => pool.shareLink(dive.key)} />
        )}
        {scored && <Keep dive={dive} compared={compared} onCompare={onCompare} />}
        {stage.outcome === "open" && <UploadDetail dive={dive} />}
        {scored && !dive.shared && leaving === null && <Keeping dive={dive} onErase={() => setLeaving("erase")} />}
        {stage.outcome !== "open" && !dive.shared && leaving === null && (
          <button type="button" className="button quiet" onClick={() => setLeaving("remove")}>
            {t("card.remove")}
          </button>
        )}
        {leaving !== null && (
          <Undoable
            act={(focused) => {
              setLeaving(null);
              if (leaving === "remove") pool.remove(dive.key);
              else act(() => pool.erase(dive.key))();
              if (focused) document.getElementById("dives")?.focus({ preventScroll: true });
            }}
            undo={() => setLeaving(null)}
          >
            {leaving === "remove" ? whatRemovingLeaves(dive) : t("card.erasing")}
          </Undoable>
        )}
        {trouble !== null && (
          <p className="fine trouble" role="alert">
            {sentence(trouble)}
          </p>
        )}
      </div>
    </article>
  );
});

/** Removing gives up the only right to erase, which nobody would guess. */
function whatRemovingLeaves(dive: Dive): string {
  if (dive.job === undefined || dive.refusal !== undefined) return t("card.removing");
  return t(dive.videoErased ? "card.removingScore" : "card.removingBoth", { day: day(dive.job.expiresAt) });
}

/** The dive's own picture while it is on its way; the file is let go when it was sent, and kept here. */
function Poster({ pool, dive }: { pool: Pool; dive: Dive }) {
  const [file] = useState(() => pool.fileOf(dive.key));
  return file === null ? null : <LocalPoster file={file} />;
}

function DarkVerdict() {
  return (
    <div className="verdict">
      <DarkBoard />
    </div>
  );
}

function mayEdit(dive: Dive): boolean {
  return !dive.shared && (readToken(dive.token ?? "")?.scopes.includes("edit") ?? false);
}

function maySeeVideo(dive: Dive): boolean {
  return readToken(dive.token ?? "")?.scopes.includes("video") ?? false;
}

function Ending({ dive }: { dive: Dive }) {
  const { job, refusal, upload } = dive;
  if (refusal !== undefined) return <Trouble title={t("ending.refused")} problem={refusal} />;
  if (upload.phase === "broken") {
    if (upload.problem?.code === FILE_CHANGED) return <Trouble title={t("ending.changed")} problem={upload.problem} />;
    return <Trouble title={t("ending.brokeOff")} problem={upload.problem ?? found(NETWORK, "broke")} />;
  }
  if (upload.phase === "lost" && job?.status === "AWAITING_UPLOAD") {
    return <Trouble title={t("ending.interrupted")} problem={found("INTERRUPTED", upload.resumable === true ? "interrupted" : "interruptedForGood")} />;
  }
  switch (job?.status) {
    case "REJECTED":
      return <Trouble title={t("ending.rejected")} problem={job.error ?? found("REJECTED", "noReason")} />;
    case "FAILED":
      return (
        <Trouble
          title={t("ending.failed")}
          problem={job.error ?? found("FAILED", "ours")}
          rest={t("ending.faultIsOurs")}
        />
      );
    case "CANCELLED":
      return <p className="ending">{t("ending.cancelled")}</p>;
    case "EXPIRED":
      return <p className="ending">{t("ending.expired")}</p>;
    default:
      return null;
  }
}

function Keeping({ dive, onErase }: { dive: Dive; onErase: () => void }) {
  if (dive.videoErased) return <p className="fine keeping">{t("card.erased", { day: day(dive.job?.expiresAt ?? "") })}</p>;
  return (
    <>
      <button type="button" className="button" onClick={onErase}>
        {t("card.erase")}
      </button>
      <p className="fine keeping">{t("card.kept", { day: day(dive.job?.expiresAt ?? "") })}</p>
    </>
  );
}
