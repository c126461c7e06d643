/** A WebSocket that the test opens, answers and breaks by hand. */
export class FakeSocket {
  static readonly all: FakeSocket[] = [];
  readyState = 0;
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closedByPage = false;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = 3;
    this.closedByPage = true;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  push(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  pushRaw(data: unknown): void {
    this.onmessage?.({ data });
  }

  break(): void {
    this.readyState = 3;
    this.onclose?.();
  }

  static latest(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }
}
