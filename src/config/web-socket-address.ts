/* WebSocket address: a host and a port at which WebSockets are taken.
 *
 *   ws://127.0.0.1:11302   ws://[::1]:11302   wss://127.0.0.1:11303
 *
 * The port is always named: a client that leaves it out means 80, and a server that leaves it out
 * would mean its own.
 */
import type { AddressKind } from "./address-kind.ts";
import { TCP } from "./tcp-address.ts";

/** A WebSocket's address; `port` 0 asks for any free port. */
export interface WebSocketAddress<Kind extends "ws" | "wss" = "ws"> {
  readonly kind: Kind;
  readonly host: string;
  readonly port: number;
}

export const WEB_SOCKET = webSocketsOf("ws");
/** The same by TLS. */
export const SECURE_WEB_SOCKET = webSocketsOf("wss");

function webSocketsOf<Kind extends "ws" | "wss">(
  kind: Kind,
): AddressKind<WebSocketAddress<Kind>, WebSocketAddress<Kind>> {
  const prefix = `${kind}://`;
  return {
    forms: [`${prefix}HOST:PORT`],
    prefix,
    parse(words) {
      const { host, port } = TCP.parse(words.replace(/\/$/, "")) ?? {};
      return host === undefined || port === undefined ? undefined : { kind, host, port };
    },
    complete: (address) => address,
    format: ({ host, port }) => `${prefix}${TCP.format({ kind: "tcp", host, port })}`,
  };
}
