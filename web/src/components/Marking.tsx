import { useEffect, useRef, useState } from "react";
import type { MarksGiven, Result } from "../api/types";
import { decimal, t } from "../i18n";
import { readMarks } from "../jobs/marks";
import { day } from "../jobs/words";
import { Later } from "./Later";

const loadForm = () => import("./MarksForm").then(({ MarksForm }) => MarksForm);

interface Props {
  result: Result;
  /** What was given on this page before. */
  given: MarksGiven | undefined;
  expiresAt: string;
  mark: (marks: MarksGiven) => Promise<void>;
}

/** The way to tell what the judges gave, and what came of it. */
export function Marking({ result, given, expiresAt, mark }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (back && !open) button.current?.focus({ preventScroll: true });
  }, [back, open]);
  return (
    <section className="marking" aria-label={t("marks.title")}>
      {!open && (
        <button ref={button} type="button" className="button small" onClick={() => setOpen(true)}>
          {given === undefined ? t("marks.open") : t("marks.again")}
        </button>
      )}
      <div role="status">
        {!open && given !== undefined && (
          <>
            <p>{compared(result, given)}</p>
            <p className="fine">{t("marks.kept", { day: day(expiresAt) })}</p>
          </>
        )}
      </div>
      {open && (
        <Later load={loadForm}>
          {(MarksForm) => (
            <MarksForm
              mark={mark}
              onDone={() => {
                setBack(true);
                setOpen(false);
              }}
            />
          )}
        </Later>
      )}
    </section>
  );
}

/** The judges beside the model, in the same measure. */
function compared(result: Result, { marks, execution, score }: MarksGiven): string {
  if (typeof score === "number") return t("marks.comparedScore", { judges: decimal(score, 2), model: decimal(result.score, 2) });
  const read = readMarks({ kind: "marks", marks: (marks ?? []).map(String), total: "" });
  const judges = execution ?? read.execution ?? 0;
  return t("marks.comparedExecution", { judges: decimal(judges, 1), model: decimal(result.execution, 1) });
}
