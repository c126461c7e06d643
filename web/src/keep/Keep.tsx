import { useState } from "react";
import { asProblem, sentence } from "../api/problems";
import { t } from "../i18n";
import type { Dive } from "../jobs/state";

interface Props {
  dive: Dive;
  compared: boolean;
  /** Null where there is nothing to compare with. */
  onCompare: ((key: string) => void) | null;
}

/** What a reader can take along of a scored dive, or hold beside another. */
export function Keep({ dive, compared, onCompare }: Props) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const save = async (how: "saveData" | "savePicture") => {
    setTrouble(null);
    try {
      await (await import("./save"))[how](dive);
    } catch (error) {
      setTrouble(sentence(asProblem(error)));
    }
  };
  return (
    <details className="keep">
      <summary className="button">{t("keep.menu")}</summary>
      <div className="keep-choices">
        <button type="button" className="button" onClick={() => void save("savePicture")}>
          {t("keep.picture")}
        </button>
        <button type="button" className="button" onClick={() => void save("saveData")}>
          {t("keep.data")}
        </button>
        <button type="button" className="button" onClick={() => window.print()}>
          {t("keep.print")}
        </button>
        {onCompare !== null && (
          <button type="button" className="button" aria-pressed={compared} onClick={() => onCompare(dive.key)}>
            {t(compared ? "keep.compared" : "keep.compare")}
          </button>
        )}
      </div>
      {trouble !== null && (
        <p className="fine trouble" role="alert">
          {trouble}
        </p>
      )}
    </details>
  );
}
