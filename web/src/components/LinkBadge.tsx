import { t } from "../i18n";
import type { LinkState } from "../live/actions";

/** How news arrives at this moment. */
export function LinkBadge({ state }: { state: LinkState }) {
  return (
    <p className={`badge badge-${state}`} role="status" title={t(`link.title.${state}`)}>
      <span className="badge-lamp" aria-hidden="true" />
      {t(`link.${state}`)}
    </p>
  );
}
