/* SocketWire: a TCP or Unix socket, or one that speaks TLS, as the wire of a client's connection.
 *
 * When the server has finished sending, no answer can come any more, so the socket is closed then,
 * half-open or not. Used by socket-endpoint.ts, the command line, the demo and the bench.
 */
import { connect } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import { ClientConnection } from "../client/connection.ts";
import type { ConnectionOptions } from "../client/connection.ts";
import { UnreachableError } from "../client/errors.ts";
import type { TlsSettings } from "../client/tls-settings.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import { openWebSocket } from "../client/web-socket-wire.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import { whyOf } from "../system-error.ts";
import type { SecurePlace } from "./transport-kind.ts";
import { connectionTo } from "./transports.ts";

/** One socket. */
export class SocketWire implements Wire {
  readonly #socket: Socket;

  /** @param socket connected */
  constructor(socket: Socket, listener: WireListener) {
    this.#socket = socket;
    let cause: Error | undefined;
    socket.on("data", (bytes: Buffer) => listener.received(bytes));
    socket.on("drain", () => listener.drained());
    socket.on("end", () => socket.destroy());
    socket.on("error", (error) => (cause = error));
    socket.on("close", () => listener.ended(cause));
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  get backlogBytes(): number {
    return this.#socket.writable ? this.#socket.writableLength : Infinity;
  }

  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects to a server. Rejects with an UnreachableError, or with the signal's reason. */
export async function connectTo(
  address: BoundAddress,
  options: ConnectionOptions = {},
  signal?: AbortSignal,
): Promise<ClientConnection> {
  const way = connectionTo(address);
  if ("url" in way) return openWebSocket(way.url, options, signal);
  const socket = await socketTo(way, {}, signal);
  return new ClientConnection((listener) => new SocketWire(socket, listener), options);
}

/**
 * A socket that is connected, by TLS where that is spoken there. Rejects with an UnreachableError,
 * or with the signal's reason.
 */
export async function socketTo(
  way: NetConnectOpts | SecurePlace,
  tls: TlsSettings = {},
  signal?: AbortSignal,
): Promise<Socket> {
  if (!("secure" in way)) {
    const socket = connect(way);
    await connected(socket, "connect", signal);
    return socket;
  }
  const { serverName, ca, cert, key } = tls;
  const named = serverName !== undefined && { servername: serverName };
  const { connect: connectSecurely } = await import("node:tls"); // most clients never need it
  const socket = connectSecurely({ ...way.secure, ca, cert, key, ...named });
  socket.setNoDelay(true);
  await connected(socket, "secureConnect", signal);
  return socket;
}

/**
 * Resolves when the socket is connected, which that event says. Rejects with an UnreachableError,
 * or with the signal's reason, and the socket is gone then.
 */
function connected(
  socket: Socket,
  event: "connect" | "secureConnect",
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
    socket.once(event, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    socket.once("error", (cause) => {
      signal?.removeEventListener("abort", abort);
      reject(new UnreachableError(whyNot(cause), { cause }));
    });
  });
}

/**
 * Where a name has several addresses, the error of all has no message; then the first one's says
 * it.
 */
function whyNot(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return whyOf(first);
}
