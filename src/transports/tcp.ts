/* TCP: binding of TCP addresses, for one thread alone or for several on one port.
 *
 * Sharing a port (SO_REUSEPORT) would also let a second server share it without anyone noticing. So
 * the main thread first binds each address for itself alone for an instant (`probeTcp`), which
 * fails if somebody has it.
 */
import { lookup } from "node:dns/promises";
import { createServer, type ListenOptions, type Server } from "node:net";
import { formatListenAddress } from "../config/listen-address.ts";
import { BindError } from "../runtime.ts";
import type { BoundTcp, Door, ListenManner, ProbedSocket } from "../runtime.ts";
import { Acceptor, listening } from "./acceptor.ts";

/** Connections that the kernel holds for a probe: as few as can be, for nobody will serve them. */
const PROBE_BACKLOG = 1;

/** Listens on `address`. Rejects with a BindError. */
export async function listenTcp(
  address: BoundTcp,
  manner: ListenManner,
  door: Door,
  lendsHandles: boolean,
): Promise<Acceptor> {
  const binding = { ...bindingOf(address, manner.onlyIpv6), reusePort: manner.shared };
  return Acceptor.listen(binding, door, lendsHandles).catch((error: unknown) => {
    throw bindError(address, error);
  });
}

/** The address with an IP address as its host. Rejects with a BindError. */
export async function lookUpHost(address: BoundTcp): Promise<BoundTcp> {
  try {
    return { ...address, host: (await lookup(address.host)).address };
  } catch (error) {
    throw bindError(address, error);
  }
}

/**
 * Binds all of the addresses for this process alone, and closes them. Port 0 becomes a free port,
 * another one for each address. Rejects with a BindError.
 *
 * What listens for an instant may be connected to. It is closed in the same turn of the event loop,
 * and at most PROBE_BACKLOG + 1 clients that come in between find their connection reset.
 */
export async function probeTcp(sockets: readonly ProbedSocket[]): Promise<readonly BoundTcp[]> {
  const probes = sockets.map((socket) => ({ socket, server: createServer() }));
  const bound = await Promise.allSettled(probes.map(({ socket, server }) => bind(server, socket)));
  const open = probes.filter(({ server }) => server.listening);
  await Promise.all(open.map(({ server }) => closed(server)));
  return bound.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
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
 * Whether two sockets can listen on one port here; tried on a free port of the loopback address.
 */
export async function canSharePorts(): Promise<boolean> {
  const first = createServer((socket) => socket.destroy());
  const second = createServer((socket) => socket.destroy());
  try {
    await listening(first, { host: "127.0.0.1", port: 0, reusePort: true });
    const bound = first.address();
    if (bound === null || typeof bound === "string") return false;
    await listening(second, { host: "127.0.0.1", port: bound.port, reusePort: true });
    return true;
  } catch (error) {
    if (error instanceof Error) return false; // ENOTSUP, or EADDRINUSE where the option is not known
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

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use by another process",
  EACCES: "no permission for that port",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the host name cannot be looked up now",
};

/** What the system says about an address that cannot be bound, in one line for the operator. */
export function bindError(address: BoundTcp, error: unknown): BindError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new BindError(`cannot listen on ${formatListenAddress(address)}: ${reason}`, {
    cause: error,
  });
}
