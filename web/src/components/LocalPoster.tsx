import { useEffect, useState } from "react";

/** Seconds into a video at which something is to be seen; at 0 many show black. */
const AT = 0.5;

/** A picture of a video that still lies on this device; nothing where the browser cannot read its kind. */
export function LocalPoster({ file }: { file: File }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    // An address of its own for each time that it is shown: the last one is withdrawn with its picture.
    setUrl(made); // eslint-disable-line react-hooks/set-state-in-effect
    return () => URL.revokeObjectURL(made);
  }, [file]);
  const [ready, setReady] = useState(false);
  if (url === null) return null;
  return (
    <div className={ready ? "screen poster" : "visually-hidden"} aria-hidden="true">
      <video src={`${url}#t=${AT}`} muted playsInline preload="metadata" tabIndex={-1} onLoadedData={() => setReady(true)} onError={() => setUrl(null)} />
    </div>
  );
}
