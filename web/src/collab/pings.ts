const EVERY_MS = 5_000;
const SILENCE_MS = 12_000;

/** Measures the round trip and notices a connection that died without a word. */
export class Pings {
  latencyMs: number | null = null;
  private sent = new Map<number, number>();
  private next = 1;
  private timer = 0;

  constructor(
    private readonly send: (text: string) => void,
    private readonly onSilence: () => void,
    private readonly onLatency: () => void,
  ) {}

  start(): void {
    this.stop();
    this.timer = window.setInterval(this.tick, EVERY_MS);
    document.addEventListener("visibilitychange", this.tick);
    this.ping();
  }

  stop(): void {
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.tick);
    this.sent.clear();
    this.latencyMs = null;
  }

  answer(id: number): void {
    const at = this.sent.get(id);
    this.sent.clear();
    if (at === undefined) return;
    const latency = Math.max(1, Math.round(performance.now() - at));
    if (latency === this.latencyMs) return;
    this.latencyMs = latency;
    this.onLatency();
  }

  /** Hidden pages get few timer turns, so their silence says nothing. */
  private readonly tick = (): void => {
    if (document.hidden) {
      this.sent.clear();
      return;
    }
    const oldest = Math.min(...this.sent.values());
    if (performance.now() - oldest > SILENCE_MS) this.onSilence();
    else this.ping();
  };

  private ping(): void {
    const id = this.next++;
    this.sent.set(id, performance.now());
    this.send(JSON.stringify({ type: "ping", id }));
  }
}
