/* Acceptor: one listening socket of one thread, and the connections that came through it.
 *
 * Invariants: a connection that the door does not admit costs an accept and a close, nothing else.
 * When accepting fails (no file descriptors left, for instance) the socket is closed and bound
 * again a second later, where it can be, so that a failure neither burns CPU nor floods the log.
 * Where the runtime lends native handles (`lendsHandles`), accepted sockets read into one shared
 * buffer; elsewhere they are ordinary streams. Used by the transports, which say how to bind, and
 * what there is to do before a socket is a connection (`ServerMaker`).
 */
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { Door, Listener } from "../runtime.ts";
import { readInto, type LentHandle } from "./connection.ts";
import { OpenConnections } from "./open-connections.ts";
import { ReadBuffer } from "./read-buffer.ts";

/** How long accepting rests after it has failed. */
const RETRY_MS = 1000;
/** Connections that the kernel holds for us before we accept them. */
const BACKLOG = 1024;

/** What all servers are made with. */
export const SOCKETS = { allowHalfOpen: true, noDelay: true, keepAlive: true };

/** Those who come through a listening socket. */
export interface Guests {
  /** Whether there is room for one more. If not, close it. */
  admit(): boolean;
  /** Serves one that was admitted. */
  accept(socket: Socket): void;
  /** One that was admitted is gone before it was accepted. */
  left(): void;
}

/** What a server listens on: what is to be bound, or a file that is a listening socket already. */
type Binding = ListenOptions | { readonly fd: number };

/** How the listening sockets of an acceptor come to their place. */
export interface Place {
  /** Has the server listen there. Rejects with the runtime's own error. */
  bind(server: Server): Promise<void>;
  /** Nothing listens there any more; if absent, there is nothing to clear away. */
  leave?(): void;
  /** It is lost once the socket is closed; then that goes on accepting although it fails. */
  readonly isLost?: boolean;
}

/** Where the system binds. */
export function placeOf(binding: Binding): Place {
  return { bind: (server) => listening(server, { backlog: BACKLOG, ...binding }) };
}

/** What makes the listening sockets of an acceptor. */
export interface ServerMaker {
  /** One that does not listen yet, for these guests. */
  make(guests: Guests): Server;
  /** There will be no more. */
  end(): void;
}

/** Sockets as they come. */
const PLAIN: ServerMaker = {
  make(guests) {
    const server = createServer(SOCKETS);
    server.on("connection", (socket) => {
      if (guests.admit()) guests.accept(socket);
      else socket.destroy();
    });
    return server;
  },
  end: () => undefined,
};

/** One for all connections. */
const onread = readInto(new ReadBuffer());

/**
 * The part of a server's native handle that is used here. It exists in Node alone and is not
 * documented there.
 */
interface AcceptingHandle {
  onconnection: (error: number | undefined, handle: CloseableHandle | undefined) => void;
}
type CloseableHandle = LentHandle & { close(): void };

/** Listens, accepts, and ends. */
export class Acceptor implements Listener {
  readonly #place: Place;
  readonly #door: Door;
  readonly #lendsHandles: boolean;
  readonly #servers: ServerMaker;
  readonly #guests: Guests = {
    admit: () => !this.#isStopped && this.#door.admit(),
    accept: (socket) => this.#acceptStream(socket),
    left: () => this.#door.left(),
  };
  readonly #connections = new OpenConnections();
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  /**
   * Binds and listens. Rejects with the runtime's own error. Only plain sockets lend handles.
   */
  static async listen(
    place: Place,
    door: Door,
    lendsHandles: boolean,
    servers: ServerMaker = PLAIN,
  ): Promise<Acceptor> {
    const acceptor = new Acceptor(place, door, lendsHandles && servers === PLAIN, servers);
    try {
      await acceptor.#listen();
    } catch (error) {
      servers.end();
      throw error;
    }
    return acceptor;
  }

  private constructor(place: Place, door: Door, lendsHandles: boolean, servers: ServerMaker) {
    this.#place = place;
    this.#door = door;
    this.#lendsHandles = lendsHandles;
    this.#servers = servers;
  }

  async #listen(): Promise<void> {
    const server = this.#servers.make(this.#guests);
    await this.#place.bind(server);
    server.on("error", (error) => this.#acceptFailed(error.message));
    const handle = this.#lendsHandles ? acceptingHandle(server) : undefined;
    if (handle !== undefined) {
      handle.onconnection = (error, accepted) => {
        if (accepted === undefined) this.#acceptFailed(`accept failed with ${error}`);
        else this.#acceptHandle(accepted);
      };
    }
    this.#server = server;
  }

  #acceptHandle(handle: CloseableHandle): void {
    if (this.#isStopped || !this.#door.admit()) handle.close();
    else this.#connections.acceptLent(handle, onread, this.#door);
  }

  #acceptStream(socket: Socket): void {
    if (this.#isStopped) {
      socket.destroy();
      this.#door.left();
      return;
    }
    this.#connections.acceptStream(socket, this.#door);
  }

  #acceptFailed(why: string): void {
    if (this.#isStopped || this.#retry !== undefined) return;
    this.#door.troubled(`cannot accept connections, trying again: ${why}`);
    if (this.#place.isLost === true) {
      this.#retry = setTimeout(() => (this.#retry = undefined), RETRY_MS);
      return;
    }
    this.#server?.close();
    this.#retry = setTimeout(() => void this.#listenAgain(), RETRY_MS);
  }

  async #listenAgain(): Promise<void> {
    try {
      await this.#listen();
      this.#retry = undefined;
      if (this.#isStopped) this.#server?.close();
    } catch (error) {
      if (this.#isStopped) return;
      this.#door.troubled(`cannot listen, trying again: ${String(error)}`);
      this.#retry = setTimeout(() => void this.#listenAgain(), RETRY_MS);
    }
  }

  stopAccepting(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    this.#servers.end();
    this.#server?.close();
    this.#place.leave?.();
  }

  finish(withinMillis: number): Promise<void> {
    return this.#connections.finish(withinMillis);
  }
}

/** Resolves when the server listens, rejects when it cannot. */
export function listening(server: Server, binding: Binding): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(binding, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The server's native handle if it is of the kind that can be taken over. */
function acceptingHandle(server: Server): AcceptingHandle | undefined {
  const handle: unknown = Reflect.get(server, "_handle");
  return isAccepting(handle) ? handle : undefined;
}

function isAccepting(handle: unknown): handle is AcceptingHandle {
  return (
    typeof handle === "object" &&
    handle !== null &&
    "onconnection" in handle &&
    typeof handle.onconnection === "function"
  );
}
