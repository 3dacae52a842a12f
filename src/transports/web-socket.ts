/* WebSocket: binding of the addresses that take WebSockets. They are TCP's or TLS's, with another
 * door.
 */
import { SECURE_WEB_SOCKET, tcpOf, WEB_SOCKET } from "../config/url-address.ts";
import type { UrlAddress } from "../config/url-address.ts";
import { TCP_TRANSPORT } from "./tcp.ts";
import { listenTls, TLS_TRANSPORT } from "./tls.ts";
import type { TransportKind } from "./transport-kind.ts";
import { webSocketDoor } from "./web-socket-door.ts";

export const WEB_SOCKET_TRANSPORT: TransportKind<UrlAddress<"ws">> = {
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

/** The same, with TLS. */
export const SECURE_WEB_SOCKET_TRANSPORT: TransportKind<UrlAddress<"wss">> = {
  isShared: TLS_TRANSPORT.isShared,
  listen: (address, manner, door) =>
    listenTls(address, manner, webSocketDoor(door, manner.webSocket)),
  connection: (address) => ({ url: `${SECURE_WEB_SOCKET.format(address)}/` }),
  needsPrivilege: () => true, // as TLS does
  carrier: { socketOf: tcpOf, onSocket: (socket) => ({ ...socket, kind: "wss" }) },
};
