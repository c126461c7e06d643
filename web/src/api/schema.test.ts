import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("is what the API's document says; if not, run `npm run types`", async () => {
  const document = new URL("../../../docs/openapi.json", import.meta.url);
  const committed = readFileSync(new URL("schema.ts", import.meta.url), "utf8");
  expect(committed.endsWith(astToString(await openapiTS(document)))).toBe(true);
});
