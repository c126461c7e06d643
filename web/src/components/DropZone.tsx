import { type DragEvent, type RefObject, useEffect, useId, useRef, useState } from "react";
import { t } from "../i18n";
import { type Answer, type Fields, question, type Question, read } from "../jobs/declared";
import { ACCEPT } from "../jobs/files";
import { diveInWords, limit } from "../jobs/words";

interface Props {
  /** The largest video that is taken; null before that is known. */
  maxBytes: number | null;
  fields: Fields;
  onFields: (fields: Fields) => void;
  onFiles: (files: File[]) => void;
  /** Chosen videos that wait for an answer to what was typed about them. */
  waiting: number;
  onAnswer: (answer: Answer) => void;
}

/** Where videos are dropped or chosen; a file dropped anywhere on the page lands here too. */
export function DropZone({ maxBytes, fields, onFields, onFiles, waiting, onAnswer }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const ids = useId();
  const { known, diveTrouble, difficultyTrouble } = read(fields);

  const take = (files: File[]) => {
    setOver(false);
    if (files.length > 0) onFiles(files);
  };
  usePageDrop(take, setOver);

  return (
    <section className={`drop ${over ? "drop-over" : ""}`} aria-label={t("drop.label")}>
      <div
        className="drop-target"
        onClick={(event) => {
          if (event.target === event.currentTarget) picker.current?.click();
        }}
      >
        <DropIcon />
        <p className="drop-lead">
          {over ? (
            t("drop.letGo")
          ) : (
            <>
              <span className="with-mouse">{t("drop.here")}</span>
              <span className="with-finger">{t("drop.send")}</span>
            </>
          )}
        </p>
        <button type="button" className="button primary" onClick={() => picker.current?.click()}>
          {t("drop.choose")}
        </button>
        <p className="fine">{maxBytes === null ? "\u00a0" : t("drop.formats", { limit: limit(maxBytes) })}</p>
        {/* Before the script is there nobody could take what is chosen. */}
        {maxBytes !== null && <FilePicker picker={picker} onFiles={take} />}
      </div>
      {waiting > 0 && <Asked question={question(fields, waiting)} count={waiting} onAnswer={onAnswer} />}
      <div className="fields">
        <div className="field">
          <label htmlFor={`${ids}-dive`}>
            {t("drop.number")} <span className="optional">{t("drop.optional")}</span>
          </label>
          <input
            id={`${ids}-dive`}
            value={fields.dive}
            onChange={(event) => onFields({ ...fields, dive: event.target.value })}
            placeholder="107B"
            maxLength={5}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            aria-invalid={diveTrouble}
            aria-describedby={`${ids}-dive-help`}
          />
          <p id={`${ids}-dive-help`} className={diveTrouble ? "fine trouble" : "fine"}>
            {diveTrouble
              ? t("drop.numberTrouble")
              : known !== null
                ? diveInWords(known)
                : t("drop.numberHelp")}
          </p>
        </div>
        <div className="field">
          <label htmlFor={`${ids}-difficulty`}>
            {t("drop.difficulty")} <span className="optional">{t("drop.optional")}</span>
          </label>
          <input
            id={`${ids}-difficulty`}
            value={fields.difficulty}
            onChange={(event) => onFields({ ...fields, difficulty: event.target.value })}
            placeholder="3.0"
            inputMode="decimal"
            maxLength={4}
            autoComplete="off"
            aria-invalid={difficultyTrouble}
            aria-describedby={`${ids}-difficulty-help`}
          />
          <p id={`${ids}-difficulty-help`} className={difficultyTrouble ? "fine trouble" : "fine"}>
            {t(difficultyTrouble ? "drop.difficultyTrouble" : "drop.difficultyHelp")}
          </p>
        </div>
      </div>
    </section>
  );
}

interface AskedProps {
  question: Question | null;
  count: number;
  onAnswer: (answer: Answer) => void;
}

/** What is not clear of the chosen videos, and its answers; what was typed can be corrected meanwhile. */
function Asked({ question, count, onAnswer }: AskedProps) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  const text = question?.text ?? t("ask.send", { count });
  return (
    <div className="asked" role="group" aria-label={text}>
      <p role="alert">{text}</p>
      <button ref={first} type="button" className="button primary" onClick={() => onAnswer("as declared")}>
        {t(question === null ? "ask.yesSend" : question.about === "all" ? "ask.yesAll" : "ask.without")}
      </button>
      {question?.about === "all" && (
        <button type="button" className="button" onClick={() => onAnswer("undeclared")}>
          {t("ask.noWithout")}
        </button>
      )}
      <button type="button" className="button quiet" onClick={() => onAnswer("not at all")}>
        {t("ask.not")}
      </button>
    </div>
  );
}

function FilePicker({ picker, onFiles }: { picker: RefObject<HTMLInputElement | null>; onFiles: (files: File[]) => void }) {
  return (
    <input
      ref={picker}
      className="visually-hidden"
      type="file"
      accept={ACCEPT}
      multiple
      tabIndex={-1}
      aria-label={t("drop.files")}
      onChange={(event) => {
        onFiles([...(event.target.files ?? [])]);
        // The same file chosen again is a new event.
        event.target.value = "";
      }}
    />
  );
}

/** Takes drops on the whole window, so that a near miss does not navigate away from the page. */
export function usePageDrop(onFiles: (files: File[]) => void, onOver: (over: boolean) => void): void {
  const latest = useRef({ onFiles, onOver });
  useEffect(() => {
    latest.current = { onFiles, onOver };
  });
  useEffect(() => {
    let depth = 0;
    const carriesFiles = (event: globalThis.DragEvent | DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: globalThis.DragEvent) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      latest.current.onOver(true);
    };
    const leave = (event: globalThis.DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) latest.current.onOver(false);
    };
    const over = (event: globalThis.DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const drop = (event: globalThis.DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      latest.current.onFiles([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
}

function DropIcon() {
  return (
    <svg className="drop-icon" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <path className="drop-arrow" d="M32 6v30M20 25l12 12 12-12" />
      <path className="drop-wave" d="M4 48c5-5 9-5 14 0s9 5 14 0 9-5 14 0 9 5 14 0" />
      <path className="drop-wave faint" d="M4 58c5-5 9-5 14 0s9 5 14 0 9-5 14 0 9 5 14 0" />
    </svg>
  );
}
