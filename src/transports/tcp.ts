/* TCP: binding of TCP addresses, for one thread alone or for several on one port.
 *
 * Sharing a port (SO_REUSEPORT) lets a second server share it as well, and the kernel says nothing.
 * So whoever wants to listen first takes the port's turn (port-turn.ts), then looks who listens
 * (listening-table.ts), and gives the turn back when all of its threads listen. Nobody listens by
 * way of trial on a port that clients may know, unless the system has no such table.
 */
import { readFileSync } from "node:fs";
import { createServer, isIP, type ListenOptions, type Server } from "node:net";
import process from "node:process";
import { formatListenAddress } from "../config/listen-address.ts";
import type { BoundTcp } from "../config/tcp-address.ts";
import { BindError } from "../runtime.ts";
import type { Door, ListenManner } from "../runtime.ts";
import type { ProbedSocket as Probed } from "../runtime.ts";
import { codeOf } from "../system-error.ts";
import { Acceptor, listening, placeOf } from "./acceptor.ts";
import type { ServerMaker } from "./acceptor.ts";
import { handedPlace } from "./handed-socket.ts";
import { listeningAt, readListeningTable, standingOf } from "./listening-table.ts";
import { isNobodysTurn, reserveTurn, takeTurns } from "./port-turn.ts";
import type { TransportKind } from "./transport-kind.ts";

/**
 * Connections that the kernel holds for a probe. Nobody will serve them, so there are as few as
 * possible.
 */
const PROBE_BACKLOG = 1;

type ProbedSocket = Probed<BoundTcp>;

export const TCP_TRANSPORT: TransportKind<BoundTcp> = {
  isShared: true,
  listen: listenTcp,
  connection: ({ host, port }) => ({ host, port, noDelay: true }),
  needsPrivilege: ({ port }) => port > 0 && port < firstFreePort(),
  lookUp: lookUpHost,
  probe: probeTcp,
  takeTurns: takeTurnsTcp,
};

/** The lowest port that everyone may listen on. */
function firstFreePort(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  } catch {
    return 1024; // not Linux, or a Deno that may not read it
  }
}

/** Listens on `address`, with plain sockets if `servers` is absent. Rejects with a BindError. */
export async function listenTcp(
  address: BoundTcp,
  manner: ListenManner,
  door: Door,
  lendsHandles: boolean,
  servers?: ServerMaker,
): Promise<Acceptor> {
  const { fd, onlyIpv6, shared: reusePort } = manner;
  const binding = { ...bindingOf(address, onlyIpv6), reusePort };
  const place = fd === undefined ? placeOf(binding) : handedPlace(fd);
  return Acceptor.listen(place, door, lendsHandles, servers).catch((error: unknown) => {
    throw bindError(address, error);
  });
}

/** The address with an IP address as its host. Rejects with a BindError. */
export async function lookUpHost(address: BoundTcp): Promise<BoundTcp> {
  if (isIP(address.host) !== 0) return address;
  try {
    const { lookup } = await import("node:dns/promises");
    return { ...address, host: (await lookup(address.host)).address };
  } catch (error) {
    throw bindError(address, error);
  }
}

/**
 * Has a server listen there that shares its port with no other socket; resolves with the port.
 * Rejects with a BindError. What the system chooses for port 0 may have been chosen for a queue
 * that does not listen yet, in this process or another: then another one is asked for.
 */
export async function listenAlone(
  server: Server,
  { host, port }: Pick<BoundTcp, "host" | "port">,
): Promise<number> {
  try {
    for (;;) {
      await listening(server, { host, port, ipv6Only: false });
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      if (port !== 0 || (await isNobodysTurn(bound))) return bound;
      await closed(server);
    }
  } catch (error) {
    throw bindError({ kind: "tcp", host, port }, error);
  }
}

/**
 * Looks whether the addresses exist and are free. Port 0 becomes a free port, another one for each
 * address. Rejects with a BindError.
 */
async function probeTcp(sockets: readonly ProbedSocket[]): Promise<readonly BoundTcp[]> {
  const probes: Server[] = [];
  const bound = await Promise.allSettled(sockets.map((socket) => bindAnyPort(socket, probes)));
  await Promise.all(probes.filter(({ listening: isOpen }) => isOpen).map(closed));
  const found = bound.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
  await checkFree(found);
  return found.map(({ address }) => address);
}

/**
 * Takes the turns of the ports and looks again whether they are free. Resolves with a function that
 * gives the turns back: call it when all that shall listen does. Rejects with a BindError.
 */
async function takeTurnsTcp(
  sockets: readonly ProbedSocket[],
  signal?: AbortSignal,
): Promise<() => void> {
  const [first] = sockets;
  if (first === undefined) return () => undefined;
  const ports = sockets.map(({ address }) => address.port);
  const giveBack = await takeTurns(ports, signal).catch((error) => {
    throw bindError(first.address, error);
  });
  try {
    await checkFree(sockets);
    return giveBack;
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** Rejects with a BindError if one of them is taken, by somebody else or by another of them. */
async function checkFree(sockets: readonly ProbedSocket[]): Promise<void> {
  const table = await readListeningTable();
  for (const [index, socket] of sockets.entries()) {
    const own = sockets.slice(0, index).map(({ address }) => listeningAt(address));
    const standing = standingOf(socket, [...(table ?? []), ...own]);
    if (standing === "taken") throw new BindError(`${cannotListen(socket.address)}: ${IN_USE}`);
    if (standing === "unclear" || table === undefined) await tryAlone(socket);
  }
}

/**
 * Listens there alone for an instant. It is closed in the same turn of the event loop, and at most
 * PROBE_BACKLOG + 1 clients that come in between find their connection reset.
 */
async function tryAlone(socket: ProbedSocket): Promise<void> {
  const server = createServer();
  await bind(server, socket);
  await closed(server);
}

/**
 * Whether the address exists, and a free port where none was asked for, whose turn is reserved.
 * What is opened for it is added to `probes`: while it is open the system chooses other ports.
 */
async function bindAnyPort(socket: ProbedSocket, probes: Server[]): Promise<ProbedSocket> {
  const { address, onlyIpv6 } = socket;
  try {
    for (;;) {
      const server = createServer();
      probes.push(server);
      const { host, port } = await bind(server, { address: { ...address, port: 0 }, onlyIpv6 });
      if (address.port !== 0) return { address: { ...address, host }, onlyIpv6 };
      if (await reserveTurn(port)) return { address: { ...address, host, port }, onlyIpv6 };
    }
  } catch (error) {
    throw bindError(address, error instanceof BindError ? error.cause : error);
  }
}

async function bind(server: Server, { address, onlyIpv6 }: ProbedSocket): Promise<BoundTcp> {
  server.on("connection", (socket) => socket.destroy());
  try {
    await listening(server, { ...bindingOf(address, onlyIpv6), backlog: PROBE_BACKLOG });
  } catch (error) {
    throw bindError(address, error);
  }
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new BindError("not a TCP socket");
  return { kind: "tcp", host: bound.address, port: bound.port };
}

/**
 * Whether two sockets can listen on one port here: on Linux they can; elsewhere it is tried, on a
 * free port of the loopback address.
 */
export async function canSharePorts(): Promise<boolean> {
  if (process.platform === "linux") return true;
  const first = createServer((socket) => socket.destroy());
  const second = createServer((socket) => socket.destroy());
  try {
    await listening(first, { host: "127.0.0.1", port: 0, reusePort: true });
    const bound = first.address();
    if (bound === null || typeof bound === "string") return false;
    await listening(second, { host: "127.0.0.1", port: bound.port, reusePort: true });
    return true;
  } catch (error) {
    // ENOTSUP, or EADDRINUSE where the option is not known.
    if (error instanceof Error) return false;
    throw error;
  } finally {
    for (const server of [first, second]) if (server.listening) await closed(server);
  }
}

function bindingOf(address: BoundTcp, onlyIpv6: boolean): ListenOptions {
  return { host: address.host, port: address.port, ipv6Only: onlyIpv6, exclusive: true };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

const IN_USE = "the port is in use by another process";
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: IN_USE,
  EACCES: "no permission for that port",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the host name cannot be looked up now",
};

/** What the system says about an address that cannot be bound, in one line for the operator. */
function bindError(address: BoundTcp, error: unknown): BindError {
  const reason = REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
  return new BindError(`${cannotListen(address)}: ${reason}`, { cause: error });
}

function cannotListen(address: BoundTcp): string {
  return `cannot listen on ${formatListenAddress(address)}`;
}
