/* Addresses: where a server listens, and which of its threads does so where.
 *
 * Those that were asked for are looked at before anything else is done, so that what is wrong is
 * said at once; sockets that were handed over are listened on already. Every thread listens on an
 * address that can be shared; on the others they take turns. Used by server.ts.
 */
import { isForQueue } from "../config/handed-sockets.ts";
import type { HandedSocket } from "../config/handed-sockets.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Options } from "../config/options.ts";
import { leavesIpv4 } from "../config/tcp-address.ts";
import { tlsOptionsOf } from "../config/tls-options.ts";
import { webSocketOptionsOf } from "../config/web-socket-options.ts";
import { BindError } from "../runtime.ts";
import type { ListenOrder, ProbedSocket, Runtime, SocketFileAccess } from "../runtime.ts";

/** All addresses of a server. */
export class Addresses {
  readonly #options: Options;
  readonly #runtime: Runtime;
  readonly #file: SocketFileAccess;
  readonly #asked: readonly BoundAddress[];
  /** The numbers of the sockets that were handed over, by where they listen. */
  readonly #handed: ReadonlyMap<BoundAddress, number>;

  /** Looks at them. Rejects with a BindError, and with a UserError if there is no such group. */
  static async find(options: Options, runtime: Runtime): Promise<Addresses> {
    const { socketMode: mode, socketGroup: group } = options;
    const groupId = group === undefined ? undefined : await runtime.lookUpGroup(group);
    const hosts: BoundAddress[] = [];
    for (const address of options.listen) hosts.push(await runtime.lookUp(address));
    const asked = await runtime.probe(socketsAt(hosts, options));
    const handed = new Map<BoundAddress, number>();
    for (const socket of options.handed.filter(isForQueue)) {
      handed.set(await addressOf(socket, runtime), socket.fd);
    }
    return new Addresses(options, runtime, { mode, groupId }, asked, handed);
  }

  private constructor(
    options: Options,
    runtime: Runtime,
    file: SocketFileAccess,
    asked: readonly BoundAddress[],
    handed: ReadonlyMap<BoundAddress, number>,
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#file = file;
    this.#asked = asked;
    this.#handed = handed;
  }

  /** With the ports that were found. */
  get all(): readonly BoundAddress[] {
    return [...this.#asked, ...this.#handed.keys()];
  }

  /** As in Runtime, for some of them. */
  takeTurns(some: readonly BoundAddress[], signal?: AbortSignal): Promise<() => void> {
    const own = some.filter((address) => !this.#handed.has(address));
    return this.#runtime.takeTurns(socketsAt(own, this.#options), signal);
  }

  /** What one of so many threads listens on, of some of them. */
  ordersFor(
    threadIndex: number,
    threads: number,
    some: readonly BoundAddress[],
  ): readonly ListenOrder[] {
    const isMine = (address: BoundAddress, index: number): boolean =>
      this.#isShared(address) || index % threads === threadIndex;
    const mine = this.all.filter(isMine).filter((address) => some.includes(address));
    return mine.map((address) => ({
      address,
      manner: {
        fd: this.#handed.get(address),
        shared: threads > 1,
        onlyIpv6: leavesIpv4(address, this.#options.listen),
        webSocket: webSocketOptionsOf(this.#options),
        tls: tlsOptionsOf(this.#options),
        file: this.#file,
      },
    }));
  }

  #isShared(address: BoundAddress): boolean {
    return !this.#handed.has(address) && this.#runtime.isShared(address);
  }
}

function socketsAt(
  addresses: readonly BoundAddress[],
  { listen }: Options,
): readonly ProbedSocket[] {
  return addresses.map((address) => ({ address, onlyIpv6: leavesIpv4(address, listen) }));
}

async function addressOf({ fd, speaks }: HandedSocket, runtime: Runtime): Promise<BoundAddress> {
  const where = await runtime.whereListens(fd);
  if (speaks === "beanstalk" || speaks === "http") return where;
  if (where.kind === "tcp") return { ...where, kind: speaks };
  const place = formatListenAddress(where);
  throw new BindError(`${place}, which was handed over as ${speaks}, is no socket of TCP`);
}
