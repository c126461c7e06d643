/** The tab's title: how the newest dive that is on its way stands, so that it can be watched from another tab. */
import { useEffect } from "react";
import { decimal, t } from "./i18n";
import { stageOf } from "./jobs/stage";
import type { Dive, Dives } from "./jobs/state";
import { nameOf } from "./jobs/words";

const NAME = "Divescore";

/** The title for some dives, the newest first. What ended before this visit is no news. */
export function titleOf(dives: Dives): string {
  const isOpen = (dive: Dive) => stageOf(dive).outcome === "open";
  const dive = dives.find(isOpen) ?? dives.find(({ settledAt }) => settledAt !== undefined);
  if (dive === undefined) return NAME;
  const score = dive.job?.result?.score;
  const news = score === undefined ? stageOf(dive).label : t("page.points", { score: decimal(score, 2) });
  return t("page.tab", { news, name: nameOf(dive), page: NAME });
}

export function useTitle(dives: Dives): void {
  const title = titleOf(dives);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
