import { useSyncExternalStore } from "react";

/** Goes to a time of the film, in seconds, and plays on from there at so many times its speed. */
export type Play = (seconds: number, rate: number) => void;

/** Where the film of a dive is, and the way to take it elsewhere: joins its player to whatever tells of its moments. */
export class Playhead {
  private at: number | null = null;
  private player: Play | null = null;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Seconds of the film; null before it was looked at. */
  readonly seconds = (): number | null => this.at;

  /** Null where no film can be played. */
  readonly play = (): Play | null => this.player;

  /** The film is at another moment now. */
  moved(seconds: number): void {
    this.at = seconds;
    this.tell();
  }

  /** From now on this plays the film; null: nothing does any more. */
  offer(player: Play | null): void {
    this.player = player;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

export function useSeconds(playhead: Playhead): number | null {
  return useSyncExternalStore(playhead.subscribe, playhead.seconds);
}

export function usePlay(playhead: Playhead): Play | null {
  return useSyncExternalStore(playhead.subscribe, playhead.play);
}
