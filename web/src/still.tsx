/** Draws what needs no script, in every language; the build puts it into the HTML. */
import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { NoScript, NothingHere, Still } from "./components/Still";
import { speak } from "./i18n";
import { LANGUAGE_NAMES, LANGUAGES } from "./languages";

const DRAWN = { Still, NoScript, NothingHere };

/** Values for the placeholders of the HTML files, by their names. */
export const drawn = await draw();

async function draw(): Promise<Record<string, string>> {
  const found: Record<string, string> = { languages: LANGUAGE_NAMES.map((name) => LANGUAGES[name].tag).join(" ") };
  for (const language of LANGUAGE_NAMES) {
    await speak(language);
    const add = (name: string, node: ReactNode) => {
      found[name] = (found[name] ?? "") + renderToStaticMarkup(node);
    };
    for (const [name, Component] of Object.entries(DRAWN)) add(name, <Component language={language} />);
  }
  return found;
}
