import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { loadConfigPatiently } from "./api/config";
import { HttpApi } from "./api/http";
import { App } from "./App";
import { prepareVerdict } from "./components/DiveCard";
import { startLanguage, t } from "./i18n";
import { browserStorage, Memory } from "./jobs/memory";
import { Pool } from "./jobs/pool";
import { sharedToken } from "./jobs/tokens";
import { LiveLink } from "./live/link";
import "./styles/index.css";
import { S3Storage } from "./uploads/storage";

async function start(root: HTMLElement): Promise<void> {
  const [config] = await Promise.all([loadConfigPatiently(), startLanguage()]);
  const api = new HttpApi(config.api);
  const links: LiveLink[] = [];
  // By the server's clock: one that is wrong by a year would forget every dive.
  const memory = new Memory(browserStorage(), () => Date.now() + config.clockAhead);
  const pool = new Pool({
    api,
    storage: new S3Storage(),
    maxUploadBytes: config.maxUploadBytes,
    memory,
    link: (handlers) => {
      const link = new LiveLink({ ...handlers, getJob: (jobId, token) => api.getJob(jobId, token) });
      links.push(link);
      return link;
    },
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    links.forEach((link) => link.nudge());
    pool.outbox.wake();
  });
  window.addEventListener("online", () => {
    links.forEach((link) => link.nudge());
    pool.outbox.online();
  });
  window.addEventListener("offline", () => {
    links.forEach((link) => link.offline());
    pool.outbox.offline();
  });
  const shared = sharedToken(window.location.hash);
  // Another share link in the same tab changes the fragment only, and going back from one takes it away.
  window.addEventListener("hashchange", () => {
    if (sharedToken(window.location.hash) !== shared) window.location.reload();
  });
  if (shared !== null) pool.watchShared(shared);
  else pool.recall();
  if (shared === null) memory.listen(window, (jobId, entry) => pool.hear(jobId, entry));
  requestIdleCallback?.(prepareVerdict);
  createRoot(root).render(
    <StrictMode>
      <App pool={pool} maxUploadBytes={config.maxUploadBytes} watching={shared !== null} />
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root !== null) {
  start(root).catch((error: unknown) => {
    root.textContent = `${t("page.cannotStart", { why: error instanceof Error ? error.message : String(error) })} `;
    root.setAttribute("role", "alert");
    const again = document.createElement("button");
    again.className = "button";
    again.textContent = t("page.again");
    again.addEventListener("click", () => window.location.reload());
    root.append(again);
  });
}
