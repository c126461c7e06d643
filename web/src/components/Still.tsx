import { t } from "../i18n";
import { LANGUAGES, type Language } from "../languages";
import { DropZone } from "./DropZone";
import { HeroWords, Masthead } from "./Hero";
import { PoolScene } from "./PoolScene";

/** The head of the page before its script is there. The build draws it into index.html, in each language. */
export function Still({ language }: { language: Language }) {
  const nothing = () => undefined;
  return (
    <div className="still" lang={LANGUAGES[language].tag} inert>
      <Masthead />
      <main>
        <section className="hero">
          <PoolScene />
          <HeroWords />
          <DropZone maxBytes={null} fields={{ dive: "", difficulty: "" }} onFields={nothing} onFiles={nothing} waiting={0} onAnswer={nothing} />
        </section>
        <section className="water" />
      </main>
    </div>
  );
}

/** What the page says to a browser without scripts. */
export function NoScript({ language }: { language: Language }) {
  return (
    <p className="still" lang={LANGUAGES[language].tag}>
      {t("page.noScript")}
    </p>
  );
}

/** What stands at an address that nobody has. */
export function NothingHere({ language }: { language: Language }) {
  return (
    <main className="still" lang={LANGUAGES[language].tag}>
      <h1>{t("page.nothingHere")}</h1>
      <p>
        {t("page.onePage")} <a href="/">{t("page.toThePage")}</a>
      </p>
    </main>
  );
}
