import { useEffect, useRef, useState } from "react";
import { t } from "../i18n";

/** How long something that cannot be taken back waits for a change of mind. */
export const UNDO_MS = 5000;

interface Props {
  /** What will happen, and what stays. */
  children: string;
  /** Does it; also when the page is left before the time is over. `focused`: the keyboard is still here. */
  act: (focused: boolean) => void;
  undo: () => void;
}

/** Says what is about to happen and lets it be taken back for five seconds. */
export function Undoable({ children, act, undo }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const latest = useRef(act);
  const [left, setLeft] = useState(UNDO_MS / 1000);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    // What was pressed is gone: the keyboard goes on here.
    button.current?.focus({ preventScroll: true });
    const doIt = () => latest.current(document.activeElement === button.current);
    const timer = setTimeout(doIt, UNDO_MS);
    const count = setInterval(() => setLeft((seconds) => Math.max(seconds - 1, 0)), 1000);
    window.addEventListener("pagehide", doIt);
    return () => {
      clearTimeout(timer);
      clearInterval(count);
      window.removeEventListener("pagehide", doIt);
    };
  }, []);
  return (
    <div className="undoable" role="status">
      <p>{children}</p>
      <button ref={button} type="button" className="button" onClick={undo}>
        {t("card.undo")} <span aria-hidden="true">({left})</span>
      </button>
    </div>
  );
}
