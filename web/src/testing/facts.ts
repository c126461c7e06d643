import { readFileSync } from "node:fs";

/** A fact that the service knows too, from tests/contract/facts, which the Python tests read as well. */
export function fact<T>(name: string): T {
  const file = new URL(`../../../tests/contract/facts/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

/** A schema of the HTTP API's document, which is generated from the service's models. */
export function schemaOf(name: string): { properties: Record<string, Record<string, unknown>> } {
  const file = new URL("../../../docs/openapi.json", import.meta.url);
  const document = JSON.parse(readFileSync(file, "utf8")) as { components: { schemas: Record<string, unknown> } };
  return document.components.schemas[name] as { properties: Record<string, Record<string, unknown>> };
}
