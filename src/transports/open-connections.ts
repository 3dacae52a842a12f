/* Open connections: those of one listening socket, or of a port that hands its sockets over, and
 * how they end when the server does. Owned by acceptor.ts and http/web-socket-port.ts.
 */
import type { OnReadOpts, Socket } from "node:net";
import { Patience } from "../patience.ts";
import type { Door } from "../runtime.ts";
import { Connection, type LentHandle } from "./connection.ts";

/**
 * After the last reply has left, how long peers get to close their side before they are cut off.
 */
const LINGER_MS = 250;
/** How often it is looked whether they have. */
const LOOK_MS = 10;

/** Connections whose sessions are those of one door. */
export class OpenConnections {
  readonly #connections = new Set<Connection>();
  readonly #forget = (connection: Connection): void => void this.#connections.delete(connection);

  /** Takes over the native handle of one that was admitted. */
  acceptLent(handle: LentHandle, onread: OnReadOpts, door: Door): void {
    this.#connections.add(Connection.acceptLent(handle, onread, door, this.#forget));
  }

  /** Takes over the socket of one that was admitted. */
  acceptStream(socket: Socket, door: Door): void {
    this.#connections.add(Connection.acceptStream(socket, door, this.#forget));
  }

  /** As in Listener. */
  async finish(withinMillis: number): Promise<void> {
    const connections = [...this.#connections];
    const flushed = connections.map(
      (one) => new Promise<void>((resolve) => one.finish(() => resolve())),
    );
    await atMost(withinMillis, Promise.all(flushed));
    await this.#emptied(LINGER_MS);
    for (const connection of this.#connections) connection.cut();
  }

  /** Resolves when all connections are gone, or after `millis`. */
  async #emptied(millis: number): Promise<void> {
    const patience = new Patience(millis);
    while (this.#connections.size > 0 && !patience.isOver) {
      await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS));
    }
    patience.end();
  }
}

/** Resolves with the work or after `millis`, whichever is first. */
export async function atMost(millis: number, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const patience = new Patience(millis, resolve);
    void work.finally(() => {
      patience.end();
      resolve();
    });
  });
}
