/** What can be done about an upload, and how it goes. */
import { t } from "../i18n";
import { ACCEPT, FILE_CHANGED } from "../jobs/files";
import type { Pool } from "../jobs/pool";
import { stageOf } from "../jobs/stage";
import type { Dive } from "../jobs/state";
import { bytes, timeLeft } from "../jobs/words";
import { RATE_LIMITED } from "../uploads/codes";
import { wayOn } from "../uploads/words";

/** Bytes in a second below which nobody wants to read how long it would take. */
const SLOWEST = 2048;

interface Props {
  dive: Dive;
  pool: Pool;
  /** Wraps what may fail, so that the card tells it. */
  act: (action: () => Promise<void>) => () => void;
}

/** The buttons: pause and go on, try again, choose the file again. */
export function UploadControls({ dive, pool, act }: Props) {
  const { key, upload } = dive;
  const { outbox } = pool;
  const { outcome } = stageOf(dive);
  if (isSending(dive)) {
    const state = upload.told?.state ?? "sending";
    // One button, so that the keyboard stays where it is while its word changes.
    // How long to stay away is the service's to say, and no button shortens it.
    if (state === "offline" || upload.told?.reason === RATE_LIMITED) return null;
    if (state === "sending" && upload.inParts !== true) return null;
    const words = { sending: t("upload.pause"), paused: t("upload.resume"), waiting: t("upload.tryNow") };
    return (
      <button type="button" className="button" onClick={() => (state === "sending" ? outbox.pause(key) : outbox.resume(key))}>
        {words[state]}
      </button>
    );
  }
  if (upload.phase === "lost" && upload.resumable === true && dive.job?.status === "AWAITING_UPLOAD") {
    return <ChooseFile words={t("upload.chooseToGoOn")} onFile={(file) => act(() => pool.takeUp(key, file))()} />;
  }
  if ((outcome !== "broken" && outcome !== "refused") || !outbox.holds(key)) return null;
  if (upload.problem?.code === FILE_CHANGED) {
    return <ChooseFile words={t("upload.chooseAgain")} onFile={(file) => outbox.replace(key, file)} />;
  }
  return (
    <button type="button" className="button primary" onClick={() => outbox.retry(key)}>
      {t("upload.tryAgain")}
    </button>
  );
}

/** How the upload goes; the line is there from the start, so that nothing jumps when it is filled. */
export function UploadDetail({ dive }: { dive: Dive }) {
  const { upload, sizeBytes } = dive;
  if (!isSending(dive)) return <p className="fine detail">{"\u00a0"}</p>;
  const parts: string[] = [];
  if (upload.sentBytes > 0) parts.push(t("upload.sentOf", { sent: bytes(upload.sentBytes), all: bytes(sizeBytes) }));
  if (upload.told !== undefined && upload.told.state !== "sending") {
    parts.push(wayOn(upload.told));
  } else if (upload.speed >= SLOWEST && upload.sentBytes > 0) {
    parts.push(t("upload.speed", { speed: bytes(Math.round(upload.speed)) }));
    const left = timeLeft((sizeBytes - upload.sentBytes) / upload.speed);
    if (left !== "") parts.push(left);
  }
  return <p className="fine detail">{parts.length === 0 ? "\u00a0" : parts.join(" · ")}</p>;
}

/** Tries all again that broke off or waits, where there are several. */
export function RetryAll({ dives, pool }: { dives: readonly Dive[]; pool: Pool }) {
  const stuck = dives.filter(
    (dive) => (dive.upload.phase === "broken" && pool.outbox.holds(dive.key)) || (isSending(dive) && dive.upload.told?.state === "waiting" && dive.upload.told.reason !== RATE_LIMITED),
  );
  if (stuck.length < 2) return null;
  return (
    <p className="retry-all">
      <button type="button" className="button primary" onClick={() => pool.retryAll()}>
        {t("upload.retryAll")}
      </button>
    </p>
  );
}

function isSending({ upload, job }: Dive): boolean {
  return upload.phase === "sending" && (job === undefined || job.status === "AWAITING_UPLOAD");
}

/** A page cannot read a file again by itself: it has to be chosen. */
function ChooseFile({ words, onFile }: { words: string; onFile: (file: File) => void }) {
  return (
    <label className="button primary">
      {words}
      <input
        type="file"
        className="visually-hidden"
        accept={ACCEPT}
        onChange={(event) => {
          const file = event.target.files?.[0];
          // The same file again is a choice too.
          event.target.value = "";
          if (file !== undefined) onFile(file);
        }}
      />
    </label>
  );
}
