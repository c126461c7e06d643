/** What the judges gave: a form with its consent, and what happened after. Comes when it is asked for. */
import { type FormEvent, useId, useRef, useState } from "react";
import { asProblem, sentence } from "../api/problems";
import type { MarksGiven, Problem } from "../api/types";
import { decimal, t } from "../i18n";
import { JUDGES, MARKS_KINDS, type MarksKind, readMarks } from "../jobs/marks";
import "../styles/correct.css";

interface Props {
  mark: (marks: MarksGiven) => Promise<void>;
  onDone: (given: boolean) => void;
}

export function MarksForm({ mark, onDone }: Props) {
  const ids = useId();
  const form = useRef<HTMLFormElement>(null);
  const [kind, setKind] = useState<MarksKind>("marks");
  const [marks, setMarks] = useState<readonly string[]>(() => Array.from({ length: JUDGES }, () => ""));
  const [total, setTotal] = useState("");
  const [consent, setConsent] = useState(false);
  /** What is missing is told only once somebody tried. */
  const [tried, setTried] = useState(false);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const reading = readMarks({ kind, marks, total });
  const wanting = tried && reading.trouble !== null;

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (sending) return;
    setTried(true);
    setProblem(null);
    if (reading.given === null || !consent) {
      // The first that is wrong; what is wrong is marked so only now.
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    setSending(true);
    try {
      await mark(reading.given);
      onDone(true);
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  };

  return (
    <form ref={form} className="correct marks-form" noValidate onSubmit={(event) => void send(event)} aria-label={t("marks.title")}>
      <fieldset className="kinds">
        <legend>{t("marks.kind")}</legend>
        {MARKS_KINDS.map((one) => (
          <label key={one}>
            <input type="radio" name={`${ids}-kind`} checked={kind === one} onChange={() => setKind(one)} /> {t(`marks.kinds.${one}`)}
          </label>
        ))}
      </fieldset>
      {kind === "marks" ? (
        <fieldset className="judges" aria-describedby={`${ids}-help`}>
          <legend>{t("marks.judges")}</legend>
          {marks.map((text, judge) => (
            <input
              key={judge}
              className={reading.dropped.has(judge) ? "dropped" : ""}
              value={text}
              onChange={(event) => setMarks(marks.map((other, index) => (index === judge ? event.target.value : other)))}
              aria-label={t("marks.judge", { judge: judge + 1 })}
              aria-invalid={reading.wrong.has(judge) || (wanting && reading.trouble === "count" && text.trim() === "")}
              inputMode="decimal"
              maxLength={4}
              autoComplete="off"
            />
          ))}
        </fieldset>
      ) : (
        <div className="field">
          <label htmlFor={`${ids}-total`}>{t(`marks.kinds.${kind}`)}</label>
          <input
            id={`${ids}-total`}
            value={total}
            onChange={(event) => setTotal(event.target.value)}
            aria-invalid={wanting}
            aria-describedby={`${ids}-help`}
            inputMode="decimal"
            maxLength={6}
            autoComplete="off"
          />
        </div>
      )}
      <p id={`${ids}-help`} className={wanting || reading.trouble === "halves" ? "fine trouble" : "fine"} role={wanting ? "alert" : undefined}>
        {reading.trouble === null || !(wanting || reading.trouble === "halves")
          ? kind === "marks" && reading.execution !== null
            ? t("marks.comesTo", { execution: decimal(reading.execution, 1) })
            : t(`marks.help.${kind}`)
          : t(reading.trouble === "total" ? `marks.help.${kind}` : `marks.trouble.${reading.trouble}`)}
      </p>
      <label className="consent">
        <input
          type="checkbox"
          checked={consent}
          onChange={(event) => setConsent(event.target.checked)}
          aria-invalid={tried && !consent}
          aria-describedby={`${ids}-consent`}
        />{" "}
        <span>{t("marks.consent")}</span>
      </label>
      <p id={`${ids}-consent`} className={tried && !consent ? "fine trouble" : "fine"} role={tried && !consent ? "alert" : undefined}>
        {tried && !consent ? t("marks.noConsent") : t("marks.unchanged")}
      </p>
      {problem !== null && (
        <p className="fine trouble" role="alert">
          {sentence(problem)}
        </p>
      )}
      <div className="correct-actions">
        <button type="submit" className="button primary" aria-disabled={sending}>
          {sending ? t("marks.sending") : t("marks.send")}
        </button>
        <button type="button" className="button quiet" onClick={() => onDone(false)}>
          {t("correct.leave")}
        </button>
      </div>
    </form>
  );
}
