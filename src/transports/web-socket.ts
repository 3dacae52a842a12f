/* WebSocket: binding of the addresses that take WebSockets. They are TCP's, with another door.
 */
import type { BoundTcp } from "../config/tcp-address.ts";
import type { WebSocketAddress } from "../config/web-socket-address.ts";
import { WEB_SOCKET } from "../config/web-socket-address.ts";
import { TCP_TRANSPORT } from "./tcp.ts";
import type { TransportKind } from "./transport-kind.ts";
import { webSocketDoor } from "./web-socket-door.ts";

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

function tcpOf({ host, port }: WebSocketAddress): BoundTcp {
  return { kind: "tcp", host, port };
}
