/* Socket endpoint: where a client reaches a server by TCP, a Unix socket or a WebSocket.
 *
 * The socket itself does not keep a process alive: the client says when somebody waits. (A
 * WebSocket is the runtime's, and does.) TCP asks a peer that says nothing whether it is there.
 * Used by src/entries/.
 */
import { connect } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import { ClientConnection } from "../client/connection.ts";
import type { ConnectionOptions } from "../client/connection.ts";
import { BadCommandError } from "../client/errors.ts";
import type { Endpoint } from "../client/link.ts";
import { isWebSocketUrl, openWebSocket } from "../client/web-socket-wire.ts";
import { quoted } from "../protocol/reply-line.ts";
import {
  ADDRESS_FORMS,
  completeListenAddress,
  formatListenAddress,
  parseListenAddress,
} from "../config/listen-address.ts";
import { SocketWire, connected } from "./socket-wire.ts";
import { connectionTo } from "./transports.ts";

/** What a client connects with. */
type Way = ReturnType<typeof connectionTo>;

/** beanstalkd's. */
const PORT = 11_300;
const KEEP_ALIVE_MS = 30_000;

/** Of an address in words. Throws a BadCommandError. */
export function socketEndpoint(words: string): Endpoint {
  const { name, way } = isWebSocketUrl(words) ? { name: words, way: { url: words } } : wayTo(words);
  return {
    name,
    open: (options, signal) =>
      "url" in way ? openWebSocket(way.url, options, signal) : openSocket(way, options, signal),
  };
}

function wayTo(words: string): { readonly name: string; readonly way: Way } {
  const parsed = parseListenAddress(words);
  if (parsed === undefined) {
    throw new BadCommandError(`${quoted(words)} is no address; one is ${ADDRESS_FORMS}`);
  }
  const address = completeListenAddress(parsed, PORT);
  return { name: formatListenAddress(address), way: connectionTo(address) };
}

async function openSocket(
  way: NetConnectOpts,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<ClientConnection> {
  const socket = connect({ ...way, noDelay: true, keepAlive: true });
  await connected(socket, signal);
  return opened(socket, options);
}

function opened(socket: Socket, options: ConnectionOptions): ClientConnection {
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.unref();
  return new ClientConnection((listener) => new SocketWire(socket, listener), options);
}
