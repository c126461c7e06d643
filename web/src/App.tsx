import { useEffect, useState, useSyncExternalStore } from "react";
import { Announcer } from "./components/Announcer";
import { CardBoundary } from "./components/CardBoundary";
import { DiveCard } from "./components/DiveCard";
import { DropZone, usePageDrop } from "./components/DropZone";
import { useFollow } from "./components/follow";
import { LinkBadge } from "./components/LinkBadge";
import { PoolScene } from "./components/PoolScene";
import { Samples } from "./components/Samples";
import { RetryAll } from "./components/UploadControls";
import { type Answer, type Declared, NOTHING, question, read } from "./jobs/declared";
import type { Pool } from "./jobs/pool";
import { stageOf } from "./jobs/stage";
import type { Dive } from "./jobs/state";

export function App({ pool, maxUploadBytes, watching }: { pool: Pool; maxUploadBytes: number; watching: boolean }) {
  const { dives, link } = useSyncExternalStore(pool.subscribe, pool.snapshot);
  useLeaveWarning(pool);
  useFollow(dives);
  const { fields, setFields, waiting, take, answer } = useSending(pool);
  return (
    <>
      <a className="skip" href="#dives">
        Skip to the dives
      </a>
      <header className="masthead">
        <a className="wordmark" href="/">
          Dive<span>score</span>
        </a>
        <LinkBadge state={link} />
      </header>
      <main>
        {watching ? (
          <section className="hero hero-watching">
            <PoolScene />
            <PageDrop onFiles={take} />
            <div className="hero-words">
              <h1>You are watching a dive</h1>
              <p>Somebody shared it with you.{dives.some((dive) => dive.shared && isAwaited(dive)) && " Its score arrives here by itself."}</p>
              <p>
                <a href="/">Send a dive of your own</a>
              </p>
            </div>
          </section>
        ) : (
          <section className="hero">
            <PoolScene />
            <div className="hero-words">
              <h1>Drop a dive. Watch the verdict arrive.</h1>
              <p>
                A network looks at your video of a dive and gives it a score, as judges would: execution times difficulty. You see each
                step as it happens.
              </p>
            </div>
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
            {watching ? "The dive" : "Your dives"}
          </h2>
          <RetryAll dives={dives} pool={pool} />
          <ul className="cards">
            {dives.map((dive, index) => (
              <li key={dive.key}>
                <CardBoundary name={dive.filename}>
                  <DiveCard dive={dive} pool={pool} startsOpen={index === 0} />
                </CardBoundary>
              </li>
            ))}
          </ul>
          {!watching && <Samples onFile={(file) => take([file])} />}
        </section>
      </main>
      <footer className="foot">
        <p>
          Only you, and those you give a link, can see your videos and scores. They are erased after some days, or at once when you
          say so.
        </p>
      </footer>
      <Announcer dives={dives} />
    </>
  );
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
