/* WebSocket address: a host and a port at which WebSockets are taken.
 *
 *   ws://127.0.0.1:11302   ws://[::1]:11302
 *
 * The port is always named: a client that leaves it out means 80, and a server that leaves it out
 * would mean its own.
 */
import type { AddressKind } from "./address-kind.ts";
import { TCP } from "./tcp-address.ts";

/** A WebSocket's address; `port` 0 asks for any free port. */
export interface WebSocketAddress {
  readonly kind: "ws";
  readonly host: string;
  readonly port: number;
}

const PREFIX = "ws://";

export const WEB_SOCKET: AddressKind<WebSocketAddress, WebSocketAddress> = {
  forms: [`${PREFIX}HOST:PORT`],
  prefix: PREFIX,
  parse(words) {
    const { host, port } = TCP.parse(words.replace(/\/$/, "")) ?? {};
    return host === undefined || port === undefined ? undefined : { kind: "ws", host, port };
  },
  complete: (address) => address,
  format: ({ host, port }) => `${PREFIX}${TCP.format({ kind: "tcp", host, port })}`,
};
