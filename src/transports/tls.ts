/* TLS: binding of TLS addresses. They are TCP's, with the handshake between a socket and its
 * connection; inside, the protocol is what it is everywhere.
 *
 * Invariant: a socket counts as a connection from when it was accepted, so strangers who do not
 * finish their handshake take the room of connections and no other, and not for long. Loaded for
 * the first such address alone (tls-transport.ts).
 */
import type { Server, Socket } from "node:net";
import { createServer } from "node:tls";
import { formatListenAddress } from "../config/listen-address.ts";
import { tcpOf } from "../config/url-address.ts";
import type { UrlAddress } from "../config/url-address.ts";
import { BindError } from "../runtime.ts";
import type { Door, Listener, ListenManner } from "../runtime.ts";
import { whyOf } from "../system-error.ts";
import { SOCKETS } from "./acceptor.ts";
import type { Guests, ServerMaker } from "./acceptor.ts";
import { Certificates } from "./certificates.ts";
import { listenTcp } from "./tcp.ts";

/** How long a handshake may take. */
const HANDSHAKE_MS = 10_000;

/**
 * Listens at an address whose socket is a TCP one with TLS. Rejects with a BindError, also when the
 * certificate cannot be used.
 */
export async function listenTls(
  address: UrlAddress,
  manner: ListenManner,
  door: Door,
): Promise<Listener> {
  let certificates: Certificates;
  try {
    certificates = new Certificates(manner.tls, (message) => door.troubled(message));
  } catch (error) {
    const where = formatListenAddress(address);
    throw new BindError(`cannot listen on ${where}: ${whyOf(error)}`, { cause: error });
  }
  return listenTcp(tcpOf(address), manner, door, false, new TlsServers(certificates));
}

/** Makes the servers of an acceptor; there is a second one only when accepting has failed. */
class TlsServers implements ServerMaker {
  readonly #certificates: Certificates;
  #server: ReturnType<typeof createServer> | undefined;

  constructor(certificates: Certificates) {
    this.#certificates = certificates;
    certificates.watch((settings) => this.#server?.setSecureContext(settings));
  }

  make(guests: Guests): Server {
    const server = createServer({
      ...SOCKETS,
      ...this.#certificates.current,
      allowHalfOpen: false, // who leaves in the middle of a handshake would not be noticed
      handshakeTimeout: HANDSHAKE_MS,
    });
    const strangers = new Strangers();
    server.on("connection", (socket: Socket) => receive(socket, strangers, guests));
    server.on("tlsClientError", (_, socket) => socket.destroy());
    server.on("secureConnection", (socket) => {
      socket.allowHalfOpen = true;
      const isKnown = strangers.take(nameOf(socket));
      if (isKnown || guests.admit()) guests.accept(socket);
      else socket.destroy();
    });
    this.#server = server;
    return server;
  }

  end(): void {
    this.#certificates.end();
  }
}

/**
 * Sockets whose handshake is under way, by their peers' names. Several may have one name: a socket
 * whose peer is gone by now has none.
 */
class Strangers {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** One less of that name; false if there is none. */
  take(name: string): boolean {
    const count = this.#counts.get(name) ?? 0;
    if (count > 1) this.#counts.set(name, count - 1);
    else this.#counts.delete(name);
    return count > 0;
  }
}

/** Counts a socket whose handshake begins, until it is accepted or gone. */
function receive(socket: Socket, strangers: Strangers, guests: Guests): void {
  if (!guests.admit()) {
    socket.destroy();
    return;
  }
  const name = nameOf(socket);
  strangers.add(name);
  socket.once("close", () => {
    if (strangers.take(name)) guests.left();
  });
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
