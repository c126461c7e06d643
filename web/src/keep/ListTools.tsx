import { useId } from "react";
import { t } from "../i18n";
import { KINDS, ORDERS, type Wish } from "./arrange";

interface Props {
  wish: Wish;
  onWish: (wish: Wish) => void;
  shown: number;
  all: number;
  onFold: () => void;
}

/** Finds its way through many dives. */
export function ListTools({ wish, onWish, shown, all, onFold }: Props) {
  const id = useId();
  return (
    <search className="list-tools" aria-label={t("list.tools")}>
      <div className="field list-text">
        <label htmlFor={`${id}-text`}>{t("list.search")}</label>
        <input id={`${id}-text`} type="search" value={wish.text} onChange={(event) => onWish({ ...wish, text: event.target.value })} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-kind`}>{t("list.show")}</label>
        <select id={`${id}-kind`} value={wish.kind} onChange={(event) => onWish({ ...wish, kind: event.target.value as Wish["kind"] })}>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`list.kind.${kind}`)}
            </option>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor={`${id}-order`}>{t("list.sort")}</label>
        <select id={`${id}-order`} value={wish.order} onChange={(event) => onWish({ ...wish, order: event.target.value as Wish["order"] })}>
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {t(`list.order.${order}`)}
            </option>
          ))}
        </select>
      </div>
      <button type="button" className="button" onClick={onFold}>
        {t("list.fold")}
      </button>
      <p className="fine" role="status">
        {t("list.count", { shown, count: all })}
      </p>
    </search>
  );
}
