import type { ReactNode } from "react";
import { t } from "../i18n";

/** The line at the top: the page's name, and what stands opposite. */
export function Masthead({ children }: { children?: ReactNode }) {
  return (
    <header className="masthead">
      <a className="wordmark" href="/">
        Dive<span>score</span>
      </a>
      <div className="masthead-tools">{children}</div>
    </header>
  );
}

/** What the page is for. */
export function HeroWords() {
  return (
    <div className="hero-words">
      <h1>{t("page.title")}</h1>
      <p>{t("page.lead")}</p>
    </div>
  );
}
