import { useState } from "react";
import { asProblem, sentence } from "../api/problems";
import type { Problem } from "../api/types";
import { t } from "../i18n";

type Sharing = { phase: "rest" } | { phase: "asking" } | { phase: "copied" | "shown"; url: string } | { phase: "failed"; why: Problem };

/** Makes a link that lets others watch this dive, and copies it. */
export function ShareButton({ makeLink }: { makeLink: () => Promise<string> }) {
  const [sharing, setSharing] = useState<Sharing>({ phase: "rest" });
  const share = async () => {
    setSharing({ phase: "asking" });
    try {
      const url = await makeLink();
      try {
        await navigator.clipboard.writeText(url);
        setSharing({ phase: "copied", url });
      } catch {
        // The clipboard is closed to pages without https or permission; the link can still be copied by hand.
        setSharing({ phase: "shown", url });
      }
    } catch (error) {
      setSharing({ phase: "failed", why: asProblem(error) });
    }
  };
  return (
    <>
      <button type="button" className="button" disabled={sharing.phase === "asking"} onClick={() => void share()}>
        {t("share.share")}
      </button>
      {(sharing.phase === "copied" || sharing.phase === "shown") && (
        <div className="share-link" role="status">
          <label>
            <span className="fine">
              {t(sharing.phase === "copied" ? "share.copied" : "share.link")}
            </span>
            <input readOnly value={sharing.url} onFocus={(event) => event.target.select()} />
          </label>
        </div>
      )}
      {sharing.phase === "failed" && (
        <p className="fine trouble" role="alert">
          {sentence(sharing.why)}
        </p>
      )}
    </>
  );
}
