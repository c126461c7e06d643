import type { ReactNode } from "react";

/** A sentence in which `<b>…</b>` is stressed: where in it that stands is up to the language. */
export function Stressed({ children }: { children: string }): ReactNode {
  return children.split(/<\/?b>/).map((part, index) => (index % 2 === 1 ? <strong key={index}>{part}</strong> : part));
}
