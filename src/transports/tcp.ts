/* TCP: binding of TCP addresses, for one thread alone or for several on one port.
 *
 * Sharing a port (SO_REUSEPORT) would also let a second server share it without anyone noticing. So the main thread first binds
 * each address for itself alone (`reserveTcp`), which fails if somebody has it, and then gives it up for the threads to take.
 */
import { createServer, type ListenOptions, type Server } from "node:net";
import { formatListenAddress } from "../config/listen-address.ts";
import { BindError } from "../runtime.ts";
import type { BoundTcp, Door, ListenManner, Reservation } from "../runtime.ts";
import { Acceptor, listening } from "./acceptor.ts";

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

/** Binds `address` for this process alone and holds it; port 0 becomes a free port, a host name an IP address. Rejects with a BindError. */
export async function reserveTcp(address: BoundTcp, onlyIpv6: boolean): Promise<Reservation> {
  const server = createServer((socket) => socket.destroy());
  try {
    await listening(server, bindingOf(address, onlyIpv6));
  } catch (error) {
    throw bindError(address, error);
  }
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new BindError("not a TCP socket");
  return {
    address: { kind: "tcp", host: bound.address, port: bound.port },
    release: () => closed(server),
  };
}

/** Whether two sockets can listen on one port here; tried on a free port of the loopback address. */
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

function bindError(address: BoundTcp, error: unknown): BindError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new BindError(`cannot listen on ${formatListenAddress(address)}: ${reason}`, {
    cause: error,
  });
}
