/* TLS transport: what the table of transports knows of TLS addresses. What listens there is loaded
 * when there is one (tls.ts): Node's TLS takes 9 MB and a tenth of the time of a start.
 */
import { tcpOf } from "../config/url-address.ts";
import type { UrlAddress } from "../config/url-address.ts";
import { TCP_TRANSPORT } from "./tcp.ts";
import type { TransportKind } from "./transport-kind.ts";

export const TLS_TRANSPORT: TransportKind<UrlAddress<"tls">> = {
  isShared: TCP_TRANSPORT.isShared,
  listen: async (address, manner, door) =>
    (await import("./tls.ts")).listenTls(address, manner, door),
  connection: ({ host, port }) => ({ secure: { host, port } }),
  needsPrivilege: () => true, // the key may be one that only the first user can read
  carrier: { socketOf: tcpOf, onSocket: (socket) => ({ ...socket, kind: "tls" }) },
};
