import { HocuspocusProviderWebsocket, type onCloseParameters } from "@hocuspocus/provider";

/**
 * The provider's socket without its own reconnection and without its queue: what was queued while
 * offline would be sent beside the handshake that carries it already, and acknowledgements would be
 * counted twice. `connect()` makes one attempt.
 */
export class RoomSocket extends HocuspocusProviderWebsocket {
  constructor(url: string, onClose: (code: number) => void) {
    super({
      url,
      autoConnect: false,
      maxAttempts: 1,
      // Timers of hidden pages run once a minute: silence is watched with pings instead.
      messageReconnectTimeout: 3_600_000,
      onClose: ({ event }: onCloseParameters) => {
        this.shouldConnect = false;
        onClose(event.code);
      },
    });
  }

  override send(message: Uint8Array<ArrayBuffer>): void {
    if (this.webSocket?.readyState === WebSocket.OPEN) this.webSocket.send(message);
  }

  /** Ends a connection that may be half open; the close is reported at once. */
  drop(): void {
    if (this.webSocket) this.emit("close", { event: { code: 4408, reason: "silent" } });
  }
}
