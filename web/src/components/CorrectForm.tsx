/** "Not this dive?": corrects what was read wrongly, and the score is counted again. Comes when it is asked for. */
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { asProblem, sentence } from "../api/problems";
import type { Amendment, Problem, Result } from "../api/types";
import { decimal, t } from "../i18n";
import { type CorrectionField, declaredIn, fieldOf, HEIGHTS, readCorrection } from "../jobs/correction";
import { readDiveNumber } from "../jobs/divenumber";
import { diveInWords } from "../jobs/words";
import "../styles/correct.css";

interface Props {
  result: Result;
  amend: (change: Amendment) => Promise<unknown>;
  /** The form is done with: the score was counted again, or nothing is to be corrected. */
  onDone: (corrected: boolean) => void;
}

export function CorrectForm({ result, amend, onDone }: Props) {
  const ids = useId();
  const first = useRef<HTMLInputElement>(null);
  const fields = useRef<HTMLFormElement>(null);
  const declared = declaredIn(result);
  const [typed, setTyped] = useState(declared);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const { change, wrong } = readCorrection(typed, declared);
  const about = problem === null ? null : fieldOf(problem);
  useEffect(() => first.current?.focus(), []);

  const type = (field: CorrectionField) => (event: { target: { value: string } }) => {
    setTyped({ ...typed, [field]: event.target.value });
    setProblem(null);
  };
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (sending) return;
    if (wrong.size > 0) {
      fields.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
      return;
    }
    if (Object.keys(change).length === 0) {
      onDone(false);
      return;
    }
    setSending(true);
    setProblem(null);
    try {
      await amend(change);
      onDone(true);
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  };
  const known = readDiveNumber(typed.dive);
  const seen = result.predicted?.dive?.number ?? (result.dive.source === "predicted" ? result.dive.number : null) ?? "";
  const seenHeight = result.predicted?.height;
  const trouble = (field: CorrectionField) => (about === field ? (problem === null ? null : sentence(problem)) : wrong.has(field) ? t(`correct.${field}Wrong`) : null);

  return (
    <form ref={fields} className="correct" noValidate onSubmit={(event) => void send(event)} aria-label={t("correct.title")}>
      <Field id={`${ids}-dive`} label={t("correct.dive")} help={known === null ? t("correct.diveHelp") : diveInWords(known)} trouble={trouble("dive")}>
        {(described) => (
          <input
            ref={first}
            {...described}
            value={typed.dive}
            onChange={type("dive")}
            placeholder={seen}
            maxLength={5}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
          />
        )}
      </Field>
      <Field id={`${ids}-height`} label={t("correct.height")} help={null} trouble={trouble("height")}>
        {(described) => (
          <select {...described} value={typed.height} onChange={type("height")}>
            <option value="">{typeof seenHeight === "number" ? t("correct.heightSeen", { height: metres(seenHeight) }) : t("correct.heightOpen")}</option>
            {HEIGHTS.map((height) => (
              <option key={height} value={String(height)}>
                {t("correct.metres", { height: metres(height) })}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field id={`${ids}-difficulty`} label={t("correct.difficulty")} help={t("correct.difficultyHelp")} trouble={trouble("difficulty")}>
        {(described) => (
          <input
            {...described}
            value={typed.difficulty}
            onChange={type("difficulty")}
            placeholder={decimal(result.difficulty, 1)}
            inputMode="decimal"
            maxLength={4}
            autoComplete="off"
          />
        )}
      </Field>
      {problem !== null && about === null && (
        <p className="fine trouble" role="alert">
          {sentence(problem)}
        </p>
      )}
      <div className="correct-actions">
        <button type="submit" className="button primary" aria-disabled={sending}>
          {sending ? t("correct.sending") : t("correct.send")}
        </button>
        <button type="button" className="button quiet" onClick={() => onDone(false)}>
          {t("correct.leave")}
        </button>
      </div>
    </form>
  );
}

function metres(height: number): string {
  return decimal(height, Number.isInteger(height) ? 0 : 1);
}

interface Described {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface FieldProps {
  id: string;
  label: string;
  help: string | null;
  /** Why what was typed will not do, said beside the field. */
  trouble: string | null;
  children: (described: Described) => React.ReactNode;
}

function Field({ id, label, help, trouble, children }: FieldProps) {
  const said = trouble ?? help;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": trouble !== null, "aria-describedby": said === null ? undefined : `${id}-help` })}
      {said !== null && (
        <p id={`${id}-help`} className={trouble === null ? "fine" : "fine trouble"} role={trouble === null ? undefined : "alert"}>
          {said}
        </p>
      )}
    </div>
  );
}

