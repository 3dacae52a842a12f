/* Link: one connection of the load's, whatever carries it: it says when it is open and what came.
 *
 * All links of a process read into one buffer: a read is handled before the next one begins. With
 * TLS nobody looks whether the server is who it says: what is measured is what its bytes cost.
 */
import { connect } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { sendFramed, Unframer, UPGRADE } from "./frames.ts";
import type { Scheme } from "./order.ts";

const input = new Uint8Array(256 * 1024);
const HEAD_END = "\r\n\r\n";

/** Who hears of it. */
export interface LinkListener {
  /** It can be sent on. */
  opened(): void;
  /** Bytes of the stream lie in bytes[0, count), for as long as the call lasts. */
  came(bytes: Uint8Array, count: number): void;
  /** It is of no use any more. */
  failed(error: Error): void;
}

/** One connection. */
export class Link {
  readonly #listener: LinkListener;
  readonly #socket: Socket;
  readonly #unframer: Unframer | undefined;
  /** What came of the answer to the request; undefined once it is over, or if there is none. */
  #head: string | undefined;

  /** Connects to a port of this machine. */
  constructor(port: number, scheme: Scheme, listener: LinkListener) {
    this.#listener = listener;
    const isWebSocket = scheme === "ws";
    this.#unframer = isWebSocket ? new Unframer() : undefined;
    this.#head = isWebSocket ? "" : undefined;
    const options: NetConnectOpts = {
      port,
      host: "127.0.0.1",
      onread: { buffer: input, callback: (count, bytes) => this.#read(bytes, count) },
    };
    const isSecure = scheme === "tls";
    const socket = isSecure
      ? connectSecurely({ ...options, rejectUnauthorized: false })
      : connect(options);
    socket.setNoDelay(true);
    socket.on("error", (error) => listener.failed(error));
    socket.on("close", () => listener.failed(new Error("the server closed the connection")));
    socket.on(isSecure ? "secureConnect" : "connect", () => {
      if (isWebSocket) socket.write(UPGRADE);
      else listener.opened();
    });
    this.#socket = socket;
  }

  /** Sends in one write; the bytes stay as they are until what they ask for is answered. */
  send(bytes: Uint8Array): void {
    if (this.#unframer === undefined) this.#socket.write(bytes);
    else sendFramed(this.#socket, bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Uint8Array, count: number): boolean {
    try {
      this.#take(bytes, count);
    } catch (error) {
      this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
      this.destroy();
    }
    return true;
  }

  #take(bytes: Uint8Array, count: number): void {
    if (this.#head !== undefined) {
      this.#takeHead(this.#head + Buffer.from(bytes.buffer, bytes.byteOffset, count).toString());
      return;
    }
    const data = this.#unframer === undefined ? count : this.#unframer.take(bytes, count);
    if (data > 0) this.#listener.came(bytes, data);
  }

  /** A server says nothing behind its answer before it was asked something. */
  #takeHead(head: string): void {
    this.#head = head;
    if (!head.endsWith(HEAD_END)) return;
    this.#head = undefined;
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`no WebSocket was opened: ${head}`);
    this.#listener.opened();
  }
}
