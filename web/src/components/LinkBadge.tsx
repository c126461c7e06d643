import type { LinkState } from "../live/actions";

const WORDS: Readonly<Record<LinkState, { label: string; title: string }>> = {
  idle: { label: "Standing by", title: "No dive is being watched, so no connection is held." },
  connecting: { label: "Connecting…", title: "Opening the live connection." },
  live: { label: "Live", title: "The live connection is open: news of your dives arrives by itself." },
  reconnecting: { label: "Reconnecting…", title: "The live connection broke and is being opened again. Nothing is lost." },
  offline: { label: "Offline", title: "The server cannot be reached. The page catches up when it can be." },
  reading: { label: "Asking every few seconds", title: "Live connections are blocked here, so the page asks instead." },
};

/** How news arrives at this moment. */
export function LinkBadge({ state }: { state: LinkState }) {
  const { label, title } = WORDS[state];
  return (
    <p className={`badge badge-${state}`} role="status" title={title}>
      <span className="badge-lamp" aria-hidden="true" />
      {label}
    </p>
  );
}
