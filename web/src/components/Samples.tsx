import { useEffect, useState } from "react";
import { asProblem } from "../api/problems";
import { readDiveNumber } from "../jobs/divenumber";
import { diveInWords } from "../jobs/words";

/** Clips that can be tried without a video of one's own; the build lists them (samples/index.json). */
export function Samples({ onFile }: { onFile: (file: File) => void }) {
  const [names, setNames] = useState<string[]>([]);
  const [busy, setBusy] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);

  useEffect(() => {
    const abort = new AbortController();
    fetch("/samples/index.json", { signal: abort.signal })
      .then((answer) => (answer.ok ? answer.json() : []))
      .then((list: unknown) => {
        if (Array.isArray(list)) setNames(list.filter((name): name is string => typeof name === "string"));
      })
      // Without the list there is nothing to offer, and nothing is amiss.
      .catch(() => undefined);
    return () => abort.abort();
  }, []);

  const use = async (name: string) => {
    setBusy(name);
    setTrouble(null);
    try {
      const answer = await fetch(`/samples/${name}`);
      if (!answer.ok) throw new Error("The clip could not be loaded.");
      const type = name.endsWith(".mp4") ? "video/mp4" : "video/webm";
      onFile(new File([await answer.blob()], name, { type }));
    } catch (error) {
      setTrouble(asProblem(error).message);
    } finally {
      setBusy(null);
    }
  };

  if (names.length === 0) return null;
  return (
    <section className="samples" aria-labelledby="samples-title">
      <h2 id="samples-title">No video at hand? Send a rendered one</h2>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <button type="button" className="sample" disabled={busy !== null} onClick={() => void use(name)}>
              <video src={`/samples/${name}#t=1.3`} muted playsInline preload="metadata" tabIndex={-1} aria-hidden="true" />
              <Label name={name} />
            </button>
          </li>
        ))}
      </ul>
      {trouble !== null && (
        <p className="fine trouble" role="alert">
          {trouble}
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
