/* WebSocket: binding of the addresses that take WebSockets. They are TCP's or TLS's, with another
 * door, which is loaded when there is such an address.
 */
import { SECURE_WEB_SOCKET, tcpOf, WEB_SOCKET } from "../config/url-address.ts";
import type { UrlAddress } from "../config/url-address.ts";
import { TCP_TRANSPORT } from "./tcp.ts";
import { TLS_TRANSPORT } from "./tls-transport.ts";
import type { TransportKind } from "./transport-kind.ts";

export const WEB_SOCKET_TRANSPORT: TransportKind<UrlAddress<"ws">> = {
  isShared: TCP_TRANSPORT.isShared,
  async listen(address, manner, door, lendsHandles) {
    const { webSocketDoor } = await import("./web-socket-door.ts");
    const guarded = webSocketDoor(door, manner.webSocket);
    return TCP_TRANSPORT.listen(tcpOf(address), manner, guarded, lendsHandles);
  },
  connection: (address) => ({ url: `${WEB_SOCKET.format(address)}/` }),
  needsPrivilege: (address) => TCP_TRANSPORT.needsPrivilege(tcpOf(address)),
  carrier: { socketOf: tcpOf, onSocket: (socket) => ({ ...socket, kind: "ws" }) },
};

/** The same, with TLS. */
export const SECURE_WEB_SOCKET_TRANSPORT: TransportKind<UrlAddress<"wss">> = {
  isShared: TLS_TRANSPORT.isShared,
  async listen(address, manner, door) {
    const { webSocketDoor } = await import("./web-socket-door.ts");
    const { listenTls } = await import("./tls.ts");
    return listenTls(address, manner, webSocketDoor(door, manner.webSocket));
  },
  connection: (address) => ({ url: `${SECURE_WEB_SOCKET.format(address)}/` }),
  needsPrivilege: () => true, // as TLS does
  carrier: { socketOf: tcpOf, onSocket: (socket) => ({ ...socket, kind: "wss" }) },
};
