import { useState } from "react";
import { asProblem } from "../api/problems";
import { t } from "../i18n";
import { FILE_CHANGED } from "../jobs/files";
import type { Pool } from "../jobs/pool";
import { stageOf } from "../jobs/stage";
import type { Dive } from "../jobs/state";
import { readToken } from "../jobs/tokens";
import { bytes, day, moment } from "../jobs/words";
import { cardId } from "./follow";
import { LaneRope } from "./LaneRope";
import { DarkBoard } from "./Scoreboard";
import { SevenSegment } from "./SevenSegment";
import { ShareButton } from "./ShareButton";
import { Trouble } from "./Trouble";
import { Undoable } from "./Undoable";
import { UploadControls, UploadDetail } from "./UploadControls";
import { Verdict } from "./Verdict";

/** One dive on its way, or at its end. */
export function DiveCard({ dive, pool, startsOpen }: { dive: Dive; pool: Pool; startsOpen: boolean }) {
  const stage = stageOf(dive);
  const result = dive.job?.result;
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? startsOpen;
  const [trouble, setTrouble] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<"remove" | "erase" | null>(null);
  const act = (action: () => Promise<void>) => () => {
    setTrouble(null);
    action().catch((error: unknown) => setTrouble(asProblem(error).message));
  };
  const video = dive.videoErased ? "erased" : dive.shared && !maySeeVideo(dive) ? "withheld" : "there";
  const scored = stage.outcome === "scored" && result !== undefined && result !== null;

  return (
    <article id={cardId(dive.key)} className={`card card-${stage.outcome}`} aria-labelledby={`${dive.key}-name`}>
      <header className="card-head">
        <div className="card-title">
          <h3 id={`${dive.key}-name`}>{dive.filename}</h3>
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
                <span className="visually-hidden">Score {result.score.toFixed(2)} points</span>
                <SevenSegment text={result.score.toFixed(2).padStart(6, " ")} />
              </p>
            )}
            <button type="button" className="button quiet" aria-expanded={open} onClick={() => setChosen(!open)}>
              {open ? "Fold" : "Show"}
            </button>
          </>
        )}
      </header>

      {stage.outcome === "open" && (
        <div className={startsOpen ? "verdict" : ""}>
          {startsOpen && <DarkBoard />}
          <div className="card-way">
            <LaneRope stage={stage} />
          </div>
        </div>
      )}
      {scored && open && (
        <Verdict dive={dive} result={result} video={video} playback={() => pool.playback(dive.key)} />
      )}
      <Ending dive={dive} />

      <div className="card-actions">
        <UploadControls dive={dive} pool={pool} act={act} />
        {stage.outcome === "open" && !dive.shared && (
          <button type="button" className="button" onClick={act(() => pool.cancel(dive.key))}>
            Cancel
          </button>
        )}
        {dive.job !== undefined && !dive.shared && (stage.outcome === "open" || scored) && (
          <ShareButton makeLink={() => pool.shareLink(dive.key)} />
        )}
        {stage.outcome === "open" && <UploadDetail dive={dive} />}
        {scored && !dive.shared && leaving === null && <Keeping dive={dive} onErase={() => setLeaving("erase")} />}
        {stage.outcome !== "open" && !dive.shared && leaving === null && (
          <button type="button" className="button quiet" onClick={() => setLeaving("remove")}>
            Remove from this page
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
            {leaving === "remove" ? whatRemovingLeaves(dive) : "The video is being erased for good. The score stays."}
          </Undoable>
        )}
        {trouble !== null && (
          <p className="fine trouble" role="alert">
            {trouble}
          </p>
        )}
      </div>
    </article>
  );
}

/** Removing gives up the only right to erase, which nobody would guess. */
function whatRemovingLeaves(dive: Dive): string {
  if (dive.job === undefined || dive.refusal !== undefined) return "It is being removed from this page.";
  const until = day(dive.job.expiresAt);
  const rest = dive.videoErased ? "Its score stays" : "Its video and score stay";
  return `It is being removed from this page. ${rest} on the service until ${until}, and can then no longer be erased from here.`;
}

function maySeeVideo(dive: Dive): boolean {
  return readToken(dive.token ?? "")?.scopes.includes("video") ?? false;
}

function Ending({ dive }: { dive: Dive }) {
  const { job, refusal, upload } = dive;
  if (refusal !== undefined) return <Trouble title="This one cannot be scored" problem={refusal} />;
  if (upload.phase === "broken") {
    if (upload.problem?.code === FILE_CHANGED) return <Trouble title="The file changed" problem={upload.problem} />;
    return <Trouble title="The upload broke off" problem={upload.problem ?? { code: "NETWORK", message: "The connection broke." }} />;
  }
  if (upload.phase === "lost" && job?.status === "AWAITING_UPLOAD") {
    const message = upload.resumable === true ? t("upload.interrupted") : t("upload.interruptedForGood");
    return <Trouble title={t("upload.interruptedTitle")} problem={{ code: "INTERRUPTED", message }} />;
  }
  switch (job?.status) {
    case "REJECTED":
      return <Trouble title="The video was rejected" problem={job.error ?? { code: "REJECTED", message: "No reason was given." }} />;
    case "FAILED":
      return (
        <Trouble
          title="We failed to score this dive"
          problem={{
            code: job.error?.code ?? "FAILED",
            message: `${job.error?.message ?? "Something broke on our side."} The fault is ours; if the dive is scored later, it shows here by itself.`,
          }}
        />
      );
    case "CANCELLED":
      return <p className="ending">Cancelled. The video is erased.</p>;
    case "EXPIRED":
      return <p className="ending">The video never arrived, so this dive was closed. Choose it again to have it scored.</p>;
    default:
      return null;
  }
}

function Keeping({ dive, onErase }: { dive: Dive; onErase: () => void }) {
  if (dive.videoErased) return <p className="fine keeping">The video is erased. The score stays until {day(dive.job?.expiresAt ?? "")}.</p>;
  return (
    <>
      <button type="button" className="button" onClick={onErase}>
        Erase the video now
      </button>
      <p className="fine keeping">Video and score are kept until {day(dive.job?.expiresAt ?? "")}.</p>
    </>
  );
}
