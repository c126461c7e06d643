import { expect, it, vi } from "vitest";
import { Playhead } from "./playhead";

it("tells whoever listens where the film is and who plays it", () => {
  const playhead = new Playhead();
  const listener = vi.fn();
  const leave = playhead.subscribe(listener);
  expect([playhead.seconds(), playhead.play()]).toEqual([null, null]);
  const play = vi.fn();
  playhead.offer(play);
  playhead.moved(1.5);
  expect([playhead.seconds(), playhead.play()]).toEqual([1.5, play]);
  expect(listener).toHaveBeenCalledTimes(2);
  leave();
  playhead.offer(null);
  expect(playhead.play()).toBeNull();
  expect(listener).toHaveBeenCalledTimes(2);
});
