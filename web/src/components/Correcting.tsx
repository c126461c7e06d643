import { useEffect, useRef, useState } from "react";
import type { Amendment, Result } from "../api/types";
import { decimal, t } from "../i18n";
import { Later } from "./Later";

const loadForm = () => import("./CorrectForm").then(({ CorrectForm }) => CorrectForm);

/** The way to a correction, and what came of it. */
export function Correcting({ result, amend }: { result: Result; amend: (change: Amendment) => Promise<unknown> }) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  /** The score before the last correction, and where the keyboard goes on when the form is gone. */
  const [before, setBefore] = useState<number | null>(null);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (back && !open) button.current?.focus({ preventScroll: true });
  }, [back, open]);
  return (
    <div className="correcting">
      {!open && (
        <button ref={button} type="button" className="button small" onClick={() => setOpen(true)}>
          {t("correct.open")}
        </button>
      )}
      <p className="fine" role="status">
        {!open && before !== null && t("correct.done", { score: decimal(result.score, 2), before: decimal(before, 2) })}
      </p>
      {open && (
        <Later load={loadForm}>
          {(CorrectForm) => (
            <CorrectForm
              result={result}
              amend={async (change) => {
                const old = result.score;
                await amend(change);
                setBefore(old);
              }}
              onDone={(corrected) => {
                if (!corrected) setBefore(null);
                setBack(true);
                setOpen(false);
              }}
            />
          )}
        </Later>
      )}
    </div>
  );
}
