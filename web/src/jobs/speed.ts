/** Bytes in a second, smoothed over about the last three seconds, so that the time left does not jump. */
export class Speedometer {
  private speed = 0;

  /** Begins at the time `lastAt` (milliseconds), when `lastBytes` had been sent. */
  constructor(
    private lastAt: number,
    private lastBytes = 0,
  ) {}

  /** The speed after `sentBytes` in all at the time `at` (milliseconds). */
  read(sentBytes: number, at: number): number {
    const seconds = (at - this.lastAt) / 1000;
    // Events closer than this say more about the browser's buffers than about the line.
    if (seconds < 0.2) return this.speed;
    const now = Math.max(0, sentBytes - this.lastBytes) / seconds;
    const weight = this.speed === 0 ? 1 : 1 - Math.exp(-seconds / 3);
    this.speed += weight * (now - this.speed);
    this.lastBytes = sentBytes;
    this.lastAt = at;
    return this.speed;
  }
}
