import { useState } from "react";
import { ApiError, asProblem, NETWORK, sentence } from "../api/problems";
import type { Problem } from "../api/types";
import { t } from "../i18n";
import { readDiveNumber } from "../jobs/divenumber";
import { diveInWords } from "../jobs/words";

/** Names of the rendered clips under /samples/; the build puts them in. */
declare const __SAMPLES__: readonly string[];

/** Clips that can be tried without a video of one's own. */
export function Samples({ onFile }: { onFile: (file: File) => void }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<Problem | null>(null);

  const use = async (name: string) => {
    setBusy(name);
    setTrouble(null);
    try {
      const answer = await fetch(`/samples/${name}`);
      if (!answer.ok) throw new ApiError(NETWORK, { key: "noSample" }, answer.status);
      onFile(new File([await answer.blob()], name, { type: "video/webm" }));
    } catch (error) {
      setTrouble(asProblem(error));
    } finally {
      setBusy(null);
    }
  };

  if (__SAMPLES__.length === 0) return null;
  return (
    <section className="samples" aria-labelledby="samples-title">
      <h2 id="samples-title">{t("samples.title")}</h2>
      <ul>
        {__SAMPLES__.map((name) => (
          <li key={name}>
            <button type="button" className="sample" disabled={busy !== null} onClick={() => void use(name)}>
              <img src={`/samples/${name.replace(/webm$/, "jpg")}`} width={320} height={240} loading="lazy" alt="" />
              <Label name={name} />
            </button>
          </li>
        ))}
      </ul>
      {trouble !== null && (
        <p className="fine trouble" role="alert">
          {sentence(trouble)}
        </p>
      )}
    </section>
  );
}

/** Clips are named after their dive number. */
function Label({ name }: { name: string }) {
  const title = name.replace(/\.[^.]+$/, "");
  const dive = readDiveNumber(title);
  return (
    <span className="sample-label">
      <strong>{title}</strong>
      {dive !== null && <span className="fine">{diveInWords(dive)}</span>}
    </span>
  );
}
