/* Socket endpoint: where a client reaches a server by TCP, a Unix socket or a WebSocket.
 *
 * The socket itself does not keep a process alive: the client says when somebody waits. (A
 * WebSocket is the runtime's, and does.) TCP asks a peer that says nothing whether it is there.
 * Used by src/entries/.
 */
import { ClientConnection } from "../client/connection.ts";
import type { ConnectionOptions } from "../client/connection.ts";
import { BadCommandError } from "../client/errors.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { TlsSettings } from "../client/tls-settings.ts";
import { checkedWebSocketUrl, isWebSocketUrl, openWebSocket } from "../client/web-socket-wire.ts";
import { quoted } from "../protocol/reply-line.ts";
import {
  ADDRESS_FORMS,
  completeListenAddress,
  formatListenAddress,
  parseListenAddress,
} from "../config/listen-address.ts";
import { SocketWire, socketTo } from "./socket-wire.ts";
import type { WebSocketUrl } from "./transport-kind.ts";
import { connectionTo } from "./transports.ts";
import { sendingByTurns } from "./turns.ts";

/** What a client connects with. */
type Way = ReturnType<typeof connectionTo>;

/** beanstalkd's. */
const PORT = 11_300;
const KEEP_ALIVE_MS = 30_000;

/** Of an address in words. Throws a BadCommandError. */
export function socketEndpoint(words: string, tls?: TlsSettings): Endpoint {
  if (tls !== undefined && /^wss:/i.test(words)) {
    throw new BadCommandError(
      `${quoted(words)}: the runtime's WebSocket takes no tls settings; tls:// addresses do`,
    );
  }
  const { name, way } = isWebSocketUrl(words) ? webSocketWay(words) : wayTo(words);
  return {
    name,
    open: (options, signal) =>
      "url" in way
        ? openWebSocket(way.url, options, signal)
        : openSocket(way, tls, options, signal),
  };
}

function webSocketWay(words: string): { readonly name: string; readonly way: WebSocketUrl } {
  const url = checkedWebSocketUrl(words);
  return { name: url, way: { url } };
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
  way: Exclude<Way, WebSocketUrl>,
  tls: TlsSettings | undefined,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<ClientConnection> {
  const socket = await socketTo(way, tls, signal);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.unref();
  const soon = sendingByTurns(() => performance.now());
  return new ClientConnection((listener) => new SocketWire(socket, listener), { ...options, soon });
}
