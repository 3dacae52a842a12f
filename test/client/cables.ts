/* Cables: connections to a server on a Unix socket that can be cut, for the client's ledger. */
import { once } from "node:events";
import { connect } from "node:net";
import { ClientConnection } from "../../src/client/connection.ts";
import type { ConnectionOptions } from "../../src/client/connection.ts";
import { SocketWire } from "../../src/transports/socket-wire.ts";
import type { Random } from "../support/random.ts";
import { Cuts } from "./cuts.ts";

/** Connections that can be cut: what is sent then is lost on the way, and a moment later all is. */
export class Cables {
  readonly #path: string;
  readonly #cuts = new Cuts();

  constructor(address: `unix:${string}`) {
    this.#path = address.slice("unix:".length);
  }

  async open(options: ConnectionOptions): Promise<ClientConnection> {
    const socket = connect({ path: this.#path });
    await once(socket, "connect");
    let isCut = false;
    const connection = new ClientConnection((listener) => {
      const wire = new SocketWire(socket, listener);
      return {
        get backlogBytes(): number {
          return wire.backlogBytes;
        },
        send: (bytes) => isCut || wire.send(bytes),
        finish: () => wire.finish(),
        close: () => wire.close(),
      };
    }, options);
    this.#cuts.add(connection, () => (isCut = true));
    return connection;
  }

  /** Cuts each at the toss of a coin. */
  cut(random: Random): void {
    this.#cuts.cut(random);
  }
}
