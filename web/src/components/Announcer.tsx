import { useEffect, useRef } from "react";
import { sentence } from "../api/problems";
import { decimal, t } from "../i18n";
import { stageOf } from "../jobs/stage";
import type { Dive, Dives } from "../jobs/state";
import { nameOf } from "../jobs/words";

function words(dive: Dive): string {
  const result = dive.job?.result;
  if (result !== undefined && result !== null) return t("news.scored", { name: nameOf(dive), score: decimal(result.score, 2) });
  const problem = dive.refusal ?? dive.job?.error ?? dive.upload.problem;
  const why = problem === undefined || problem === null ? "" : sentence(problem);
  return t("news.stage", { name: nameOf(dive), stage: stageOf(dive).label, why }).trim();
}

/** Why an upload will not move for a while; short waits between tries are not worth a word. */
function longStandstill({ upload: { phase, told } }: Dive): string {
  if (phase !== "sending" || told === undefined) return "";
  return told.state === "offline" || told.reason === "RATE_LIMITED" ? told.state : "";
}

/** Tells screen readers each new stage of each dive, and the score; progress within a stage is not read out. */
export function Announcer({ dives }: { dives: Dives }) {
  const told = useRef(new Map<string, string>());
  const region = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const news: string[] = [];
    for (const dive of dives) {
      const stage = stageOf(dive);
      // A score that is corrected is news too, wherever that was done.
      const mark = `${stage.outcome} ${stage.station} ${longStandstill(dive)} ${dive.job?.result?.score ?? ""}`;
      const before = told.current.get(dive.key);
      told.current.set(dive.key, mark);
      if (before !== undefined && before !== mark) news.push(words(dive));
      else if (before === undefined && stage.outcome === "refused") news.push(words(dive));
    }
    // Written past React: a live region is an output, and nothing else on the page depends on it.
    if (news.length > 0 && region.current !== null) region.current.textContent = news.join(" ");
  }, [dives]);
  return (
    <div ref={region} className="visually-hidden" aria-live="polite" role="log" aria-label={t("page.news")} />
  );
}
