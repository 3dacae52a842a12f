/* WebSocket: binding of the addresses that take WebSockets. They are TCP's, with another door.
 */
import type { BoundTcp } from "../config/tcp-address.ts";
import type { WebSocketAddress } from "../config/web-socket-address.ts";
import { SECURE_WEB_SOCKET, WEB_SOCKET } from "../config/web-socket-address.ts";
import { TCP_TRANSPORT } from "./tcp.ts";
import { listenTls, TLS_TRANSPORT } from "./tls.ts";
import type { TransportKind } from "./transport-kind.ts";
import { webSocketDoor } from "./web-socket-door.ts";

/** The same, with TLS. */
export const SECURE_WEB_SOCKET_TRANSPORT: TransportKind<WebSocketAddress<"wss">> = {
  isShared: TLS_TRANSPORT.isShared,
  listen: (address, manner, door) =>
    listenTls(address, tcpOf(address), manner, webSocketDoor(door, manner.webSocket)),
  connection: (address) => ({ url: `${SECURE_WEB_SOCKET.format(address)}/` }),
  needsPrivilege: () => true, // as TLS does
  carrier: { socketOf: tcpOf, onSocket: (socket) => ({ ...socket, kind: "wss" }) },
};

export const WEB_SOCKET_TRANSPORT: TransportKind<WebSocketAddress> = {
  isShared: TCP_TRANSPORT.isShared,
  listen: (address, manner, door, lendsHandles) =>
    TCP_TRANSPORT.listen(
      tcpOf(address),
      manner,
      webSocketDoor(door, manner.webSocket),
      lendsHandles,
    ),
  connection: (address) => ({ url: `${WEB_SOCKET.format(address)}/` }),
  needsPrivilege: (address) => TCP_TRANSPORT.needsPrivilege(tcpOf(address)),
  carrier: { socketOf: tcpOf, onSocket: (socket) => ({ ...socket, kind: "ws" }) },
};

function tcpOf({ host, port }: WebSocketAddress<"ws" | "wss">): BoundTcp {
  return { kind: "tcp", host, port };
}
