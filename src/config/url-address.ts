/* URL address: a host and a port behind `tls://`, `ws://` or `wss://`.
 *
 *   tls://127.0.0.1:11301   ws://[::1]:11302   wss://127.0.0.1:11303
 *
 * The port is always named: no port has come to mean TLS, a client that leaves out that of a
 * WebSocket means 80, and a server that leaves one out would mean its own. What listens there is a
 * TCP socket, of which more is made (transports/).
 */
import type { AddressKind } from "./address-kind.ts";
import { TCP } from "./tcp-address.ts";
import type { BoundTcp } from "./tcp-address.ts";

/** The schemes. */
export type UrlScheme = "tls" | "ws" | "wss";

/** An address with a scheme; `port` 0 asks for any free port. */
export interface UrlAddress<Scheme extends UrlScheme = UrlScheme> {
  readonly kind: Scheme;
  readonly host: string;
  readonly port: number;
}

type UrlKind<Scheme extends UrlScheme> = AddressKind<UrlAddress<Scheme>, UrlAddress<Scheme>>;

/** The address of the socket. */
export function tcpOf({ host, port }: UrlAddress): BoundTcp {
  return { kind: "tcp", host, port };
}

/** TLS, and beanstalkd's protocol inside. */
export const TLS = urlsOf("tls");
/** WebSockets. */
export const WEB_SOCKET = withSlash(urlsOf("ws"));
/** WebSockets by TLS. */
export const SECURE_WEB_SOCKET = withSlash(urlsOf("wss"));

function urlsOf<Scheme extends UrlScheme>(kind: Scheme): UrlKind<Scheme> {
  const prefix = `${kind}://`;
  return {
    forms: [`${prefix}HOST:PORT`],
    prefix,
    parse(words) {
      const { host, port } = TCP.parse(words) ?? {};
      return host === undefined || port === undefined ? undefined : { kind, host, port };
    },
    complete: (address) => address,
    format: ({ host, port }) => `${prefix}${TCP.format({ kind: "tcp", host, port })}`,
  };
}

/** The same, also with the slash that the URL of a WebSocket ends with. */
function withSlash<Scheme extends UrlScheme>(kind: UrlKind<Scheme>): UrlKind<Scheme> {
  return { ...kind, parse: (words) => kind.parse(words.replace(/\/$/, "")) };
}
