import { expect, test } from "vitest";
import { maybePlayable, sourceOf } from "./playback";

const film = { url: "film", expiresAt: "2026-11-23T07:15:00.000Z" };
const both = { ...film, rendition: { url: "copy", expiresAt: film.expiresAt } };

test("a film that may play is played itself, whatever else there is", () => {
  expect(sourceOf(both, true)).toEqual({ url: "film", isCopy: false });
});

test("of a film that does not play its copy is played", () => {
  expect(sourceOf(both, false)).toEqual({ url: "copy", isCopy: true });
});

test.each([film, { ...film, rendition: null }])("without a copy there is nothing to play", (found) => {
  expect(sourceOf(found, false)).toBeNull();
});

test("formats that no browser plays are not tried", () => {
  expect(["mp4", "mov", "webm", "mkv", "3gp"].every(maybePlayable)).toBe(true);
  expect(["avi", "ts"].some(maybePlayable)).toBe(false);
});
