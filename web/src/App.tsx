import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Announcer } from "./components/Announcer";
import { CardBoundary } from "./components/CardBoundary";
import { DiveCard } from "./components/DiveCard";
import { DropZone, usePageDrop } from "./components/DropZone";
import { prefersStillness, useFollow } from "./components/follow";
import { HeroWords, Masthead } from "./components/Hero";
import { LanguageSwitch } from "./components/LanguageSwitch";
import { LinkBadge } from "./components/LinkBadge";
import { PoolScene } from "./components/PoolScene";
import { Samples } from "./components/Samples";
import { RetryAll } from "./components/UploadControls";
import { t, useLanguage } from "./i18n";
import { type Answer, type Declared, NOTHING, question, read } from "./jobs/declared";
import type { Pool } from "./jobs/pool";
import { stageOf } from "./jobs/stage";
import type { Dive } from "./jobs/state";
import { nameOf } from "./jobs/words";
import { arrange, EVERYTHING, FEW, isScored } from "./keep/arrange";
import { ListTools } from "./keep/ListTools";
import { useTitle } from "./title";

const Compare = lazy(async () => ({ default: (await import("./keep/Compare")).Compare }));

export function App({ pool, maxUploadBytes, watching }: { pool: Pool; maxUploadBytes: number; watching: boolean }) {
  const subscribe = useMemo(() => atMostEachFrame(pool.subscribe), [pool]);
  const { dives, link } = useSyncExternalStore(subscribe, pool.snapshot);
  useLeaveWarning(pool);
  useLanguage();
  useFollow(dives);
  useTitle(dives);
  const { fields, setFields, waiting, take, answer } = useSending(pool);
  const [wish, setWish] = useState(EVERYTHING);
  const [folded, setFolded] = useState(0);
  const { compared, compare, endComparison } = useComparison();
  const many = dives.length > FEW;
  // Typing never waits for a hundred cards: they follow when there is time.
  const wanted = useDeferredValue(wish);
  const shown = useMemo(() => (many ? arrange(dives, wanted) : dives), [many, dives, wanted]);
  const comparable = dives.filter(isScored).length > 1;
  return (
    <>
      <a className="skip" href="#dives">
        {t("page.skip")}
      </a>
      <Masthead>
        <LanguageSwitch />
        <LinkBadge state={link} />
      </Masthead>
      <main>
        {watching ? (
          <section className="hero hero-watching">
            <PoolScene />
            <PageDrop onFiles={take} />
            <div className="hero-words">
              <h1>{t("page.watching")}</h1>
              <p>
                {t("page.sharedWithYou")} {dives.some((dive) => dive.shared && isAwaited(dive)) && t("page.arrives")}
              </p>
              <p>
                <a href="/">{t("page.sendOwn")}</a>
              </p>
            </div>
          </section>
        ) : (
          <section className="hero">
            <PoolScene />
            <HeroWords />
            <DropZone
              maxBytes={maxUploadBytes}
              fields={fields}
              onFields={setFields}
              onFiles={take}
              waiting={waiting.length}
              onAnswer={answer}
            />
          </section>
        )}
        <section className="water" id="dives" aria-labelledby="dives-title" tabIndex={-1}>
          <h2 id="dives-title" className={dives.length === 0 ? "visually-hidden" : ""}>
            {t(watching ? "page.dive" : "page.dives")}
          </h2>
          <RetryAll dives={dives} pool={pool} />
          {many && <ListTools wish={wish} onWish={setWish} shown={shown.length} all={dives.length} onFold={() => setFolded((times) => times + 1)} />}
          {compared.length > 0 && (
            <Suspense fallback={null}>
              <Compare
                key={compared.join(" ")}
                dives={compared.flatMap((key) => dives.find((dive) => dive.key === key) ?? [])}
                pool={pool}
                onClose={endComparison}
              />
            </Suspense>
          )}
          {many && shown.length === 0 && <p>{t("list.none")}</p>}
          <ul className={many ? "cards cards-many" : "cards"}>
            {shown.map((dive) => (
              <li key={dive.key}>
                <CardBoundary name={nameOf(dive)}>
                  <DiveCard
                    dive={dive}
                    pool={pool}
                    startsOpen={dive.key === dives[0]?.key}
                    folded={folded}
                    compared={compared.includes(dive.key)}
                    onCompare={comparable ? compare : null}
                  />
                </CardBoundary>
              </li>
            ))}
          </ul>
          {!watching && <Samples onFile={(file) => take([file])} />}
        </section>
      </main>
      <footer className="foot">
        <p>{t("page.privacy")}</p>
      </footer>
      <Announcer dives={dives} />
    </>
  );
}

const FRAME_MS = 16;

/** Tells of a burst of news once: ten dives that are scored at a time push more than a screen can show. */
function atMostEachFrame(subscribe: Pool["subscribe"]): Pool["subscribe"] {
  return (listener) => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const stop = subscribe(() => {
      // Not by animation frames: a hidden tab has none, and its title still tells.
      waiting ??= setTimeout(() => {
        waiting = undefined;
        listener();
      }, FRAME_MS);
    });
    return () => {
      clearTimeout(waiting);
      stop();
    };
  };
}

/** Up to two dives that are held side by side; a third takes the place of the first. */
function useComparison() {
  const [compared, setCompared] = useState<readonly string[]>([]);
  const compare = useCallback((key: string) => {
    setCompared((keys) => (keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key].slice(-2)));
    document.getElementById("dives")?.scrollIntoView({ block: "start", behavior: prefersStillness() ? "auto" : "smooth" });
  }, []);
  const endComparison = useCallback(() => setCompared([]), []);
  return { compared, compare, endComparison };
}

/** Sends what is chosen, once it is clear what was said of it. What was typed holds for what is sent next, and no longer. */
function useSending(pool: Pool) {
  const [fields, setFields] = useState(NOTHING);
  const [waiting, setWaiting] = useState<File[]>([]);
  const send = (files: File[], declared: Declared) => {
    pool.add(files, declared);
    setWaiting([]);
    setFields(NOTHING);
  };
  const take = (files: File[]) => {
    if (question(fields, files.length) === null) send(files, read(fields).declared);
    else setWaiting(files);
  };
  const answer = (given: Answer) => {
    if (given === "not at all") setWaiting([]);
    else send(waiting, given === "undeclared" ? {} : read(fields).declared);
  };
  return { fields, setFields, waiting, take, answer };
}

/** Takes what is dropped on a page without a drop zone: the browser would leave the page for it. */
function PageDrop({ onFiles }: { onFiles: (files: File[]) => void }) {
  usePageDrop(onFiles, () => undefined);
  return null;
}

function isAwaited(dive: Dive): boolean {
  return stageOf(dive).outcome === "open";
}

/** Asks before the page is left while a file is being sent. */
function useLeaveWarning(pool: Pool): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (pool.sending) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [pool]);
}
