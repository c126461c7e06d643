import { type ReactNode, useEffect, useState } from "react";
import { t } from "../i18n";

interface Props<T> {
  /** Fetches a part of the page that only some dives need. The same function each time. */
  load: () => Promise<T>;
  children: (part: T) => ReactNode;
}

/** What comes when it is needed; where it cannot be fetched, a line that says so in its place. */
export function Later<T>({ load, children }: Props<T>) {
  const [part, setPart] = useState<{ loaded: T } | "failed" | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let wanted = true;
    load().then(
      (loaded) => wanted && setPart({ loaded }),
      () => wanted && setPart("failed"),
    );
    return () => {
      wanted = false;
    };
  }, [load, tries]);
  if (part === null) return null;
  if (part !== "failed") return children(part.loaded);
  return (
    <p className="fine">
      {t("why.notLoaded")}{" "}
      <button type="button" className="button quiet" onClick={() => setTries(tries + 1)}>
        {t("why.loadAgain")}
      </button>
    </p>
  );
}
