/* TLS address: a host and a port at which TLS is spoken, and beanstalkd's protocol inside.
 *
 *   tls://127.0.0.1:11301   tls://[::1]:11301
 *
 * The port is always named: no port has come to mean it.
 */
import type { AddressKind } from "./address-kind.ts";
import { TCP } from "./tcp-address.ts";

/** A TLS address; `port` 0 asks for any free port. */
export interface TlsAddress {
  readonly kind: "tls";
  readonly host: string;
  readonly port: number;
}

const PREFIX = "tls://";

export const TLS: AddressKind<TlsAddress, TlsAddress> = {
  forms: [`${PREFIX}HOST:PORT`],
  prefix: PREFIX,
  parse(words) {
    const { host, port } = TCP.parse(words) ?? {};
    return host === undefined || port === undefined ? undefined : { kind: "tls", host, port };
  },
  complete: (address) => address,
  format: ({ host, port }) => `${PREFIX}${TCP.format({ kind: "tcp", host, port })}`,
};
