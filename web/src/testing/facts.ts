import { readFileSync } from "node:fs";

/** A fact that the service knows too, from tests/contract/facts, which the Python tests read as well. */
export function fact<T>(name: string): T {
  const file = new URL(`../../../tests/contract/facts/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as T;
}
