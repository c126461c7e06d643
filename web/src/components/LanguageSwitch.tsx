import { useState } from "react";
import { setLanguage, t, useLanguage } from "../i18n";
import { type Language, LANGUAGE_NAMES, LANGUAGES } from "../languages";

/** Shows the page in another language; each is offered by its own name. */
export function LanguageSwitch() {
  const shown = useLanguage();
  const [failed, setFailed] = useState(false);
  const choose = (wanted: Language) => {
    setFailed(false);
    setLanguage(wanted).catch(() => setFailed(true));
  };
  const others = LANGUAGE_NAMES.filter((language) => language !== shown);
  return (
    <div className="languages" role="group" aria-label={t("language.label")}>
      {others.map((language) => (
        <button key={language} type="button" className="button quiet" lang={LANGUAGES[language].tag} onClick={() => choose(language)}>
          {LANGUAGES[language].name}
        </button>
      ))}
      {failed && (
        <p className="fine trouble" role="alert">
          {t("language.unreachable")}
        </p>
      )}
    </div>
  );
}
