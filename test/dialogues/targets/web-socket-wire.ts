/* WebSocketWire: the client of the package ws, which others have written, as the player wants it.
 * Under the protocol that it asks for an empty message is a half-close, so it sends no other.
 */
import { once } from "node:events";
import { TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { HALF_CLOSE_PROTOCOL } from "../../../src/protocol/half-close.ts";
import { rawOf } from "../../websocket/peer.ts";
import { Inbox } from "../stage.ts";
import type { Wire } from "../stage.ts";

/** One connection. */
export class WebSocketWire implements Wire {
  readonly inbox = new Inbox();
  readonly #socket: WebSocket;

  /** @param ca the certificate of the authority that vouches for a wss:// server */
  static async open(url: string, ca: string): Promise<WebSocketWire> {
    const socket = new WebSocket(url, HALF_CLOSE_PROTOCOL, { ca });
    const wire = new WebSocketWire(socket);
    await once(socket, "open");
    return wire;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (bytes: Buffer) => this.inbox.push(bytes));
    // What the server does not take any more is not the dialogue's business.
    socket.on("error", () => this.inbox.end());
    socket.on("close", () => this.inbox.end());
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || this.#socket.readyState !== WebSocket.OPEN) return;
    await new Promise<void>((resolve) => this.#socket.send(bytes, () => resolve()));
  }

  shutdown(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send("");
  }

  close(): void {
    this.#socket.terminate();
  }

  reset(): void {
    const raw = rawOf(this.#socket);
    if (raw instanceof TLSSocket) raw.destroy(); // it knows no reset
    else raw.resetAndDestroy();
  }
}
