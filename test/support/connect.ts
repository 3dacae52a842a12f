/* Connect: what gives tests connections to a server that they have started: the client library's
 * own (src/client/, src/transports/), so that a crowd or a kill loop is the same whatever carries
 * its bytes. reach.ts has the other transports than TCP.
 */
import type { Socket } from "node:net";
import { ClientConnection } from "../../src/client/connection.ts";
import type { ConnectionOptions } from "../../src/client/connection.ts";
import { socketEndpoint } from "../../src/transports/socket-endpoint.ts";
import { SocketWire } from "../../src/transports/socket-wire.ts";
import { until } from "./until.ts";

/** Gives a connection. */
export type Connect = (options?: ConnectionOptions) => Promise<ClientConnection>;

/** A way to a server. */
export interface Reach {
  /** What the server is given to listen there as well. */
  readonly flags: readonly string[];
  /** Connects to one that was given them and has printed `output` so far. */
  connection(output: () => string): Connect;
}

/** Connections over sockets that somebody else opens. */
export function overSockets(connect: () => Promise<Socket>): Connect {
  return async (options = {}) => {
    const socket = await connect();
    return new ClientConnection((listener) => new SocketWire(socket, listener), options);
  };
}

/** Connects where the server says that it listens. */
export function told(scheme: string, tls?: { readonly ca: string }): Reach["connection"] {
  const prefix = scheme === "" ? "" : `${scheme}://`;
  const line = new RegExp(`listening on ${prefix}(127\\.0\\.0\\.1:\\d+)`);
  return (output) =>
    connecting(async () => {
      await until(`it listens on ${prefix}127.0.0.1`, () => line.test(output()), output);
      return `${prefix}${line.exec(output())?.[1]}`;
    }, tls);
}

export function connecting(
  addressed: () => Promise<string>,
  tls?: { readonly ca: string },
): Connect {
  return async (options = {}) =>
    socketEndpoint(await addressed(), tls).open(options, new AbortController().signal);
}

/** Where every server of the tests listens. */
export const OVER_TCP: Reach = { flags: [], connection: told("") };
