import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { DropZone } from "./DropZone";

it.each([
  [209_715_200, "One dive per video, 200 MB at most."],
  [1_073_741_824, "One dive per video, 1 GB at most."],
])("the place for videos says how large one may be (%i)", (maxBytes, sentence) => {
  const html = renderToStaticMarkup(createElement(DropZone, { maxBytes, onFiles: () => undefined }));
  expect(html.replaceAll("<!-- -->", "")).toContain(sentence);
});
