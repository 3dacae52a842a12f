/* Endpoint: where a connection can be had from; Places: all that a client knows of. Implemented by
 * the transports, used by dialer.ts and link.ts.
 */
import type { ClientConnection, ConnectionOptions } from "./connection.ts";

/** Somewhere that a connection can be had from. */
export interface Endpoint {
  /** For people. */
  readonly name: string;
  /** A connection. Throws, or rejects, when there is none; the signal ends the attempt. */
  open(
    options: ConnectionOptions,
    signal: AbortSignal,
  ): ClientConnection | Promise<ClientConnection>;
}

/** Where a client finds its server. */
export interface Places {
  /** Those that it was told, to be tried in turn. */
  readonly listed: readonly Endpoint[];
  /** Any other that a server sends it to. Throws where it cannot connect to such an address. */
  readonly endpointOf: (address: string) => Endpoint;
}
