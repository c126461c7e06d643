import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { NOTHING } from "../jobs/declared";
import { DropZone } from "./DropZone";

const nothing = () => undefined;

it.each([
  [209_715_200, "One dive per video, 200 MB at most."],
  [1_073_741_824, "One dive per video, 1 GB at most."],
])("the place for videos says how large one may be (%i)", (maxBytes, sentence) => {
  const html = renderToStaticMarkup(createElement(DropZone, { maxBytes, fields: NOTHING, waiting: 0, onFields: nothing, onFiles: nothing, onAnswer: nothing }));
  expect(html.replaceAll("<!-- -->", "")).toContain(sentence);
});
