/* Transports: every way to reach a server, one for each kind of address (config/listen-address.ts).
 *
 * A new one is a file beside this one and a line in the table; nothing else that listens or
 * connects names a kind. Used by the runtimes, and by clients (socket-wire.ts).
 */
import type { NetConnectOpts } from "node:net";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Door, Listener, ListenManner, ProbedSocket } from "../runtime.ts";
import { TCP_TRANSPORT } from "./tcp.ts";
import { TLS_TRANSPORT } from "./tls-transport.ts";
import type { SecurePlace, TransportKind, WebSocketUrl } from "./transport-kind.ts";
import { UNIX_TRANSPORT } from "./unix.ts";
import { SECURE_WEB_SOCKET_TRANSPORT, WEB_SOCKET_TRANSPORT } from "./web-socket.ts";

type Kind = BoundAddress["kind"];

const TRANSPORTS: {
  readonly [Each in Kind]: TransportKind<Extract<BoundAddress, { kind: Each }>>;
} = {
  tcp: TCP_TRANSPORT,
  unix: UNIX_TRANSPORT,
  ws: WEB_SOCKET_TRANSPORT,
  wss: SECURE_WEB_SOCKET_TRANSPORT,
  tls: TLS_TRANSPORT,
};

type AnyTransport = TransportKind<BoundAddress>;

function transportOf({ kind }: BoundAddress): AnyTransport {
  return TRANSPORTS[kind]; // it only gets addresses of its kind
}

/** As in ThreadRuntime. */
export function listen(
  address: BoundAddress,
  manner: ListenManner,
  door: Door,
  lendsHandles: boolean,
): Promise<Listener> {
  return transportOf(address).listen(address, manner, door, lendsHandles);
}

/** What a client connects with. */
export function connectionTo(address: BoundAddress): NetConnectOpts | SecurePlace | WebSocketUrl {
  return transportOf(address).connection(address);
}

/** As in Runtime. */
export function isShared(address: BoundAddress): boolean {
  return transportOf(address).isShared;
}

/** As in Runtime. */
export function needsPrivilege(address: BoundAddress): boolean {
  return transportOf(address).needsPrivilege(address);
}

/** As in Runtime. */
export async function lookUp(address: BoundAddress): Promise<BoundAddress> {
  return (await transportOf(address).lookUp?.(address)) ?? address;
}

/** As in Runtime. */
export async function probe(sockets: readonly ProbedSocket[]): Promise<readonly BoundAddress[]> {
  const bare = sockets.map(carrierOf);
  const found = new Map<ProbedSocket, BoundAddress>();
  for (const [transport, own] of byTransport(bare)) {
    const addresses = (await transport.probe?.(own)) ?? [];
    for (const [index, address] of addresses.entries()) {
      const socket = own[index];
      if (socket !== undefined) found.set(socket, address);
    }
  }
  return sockets.map(({ address }, index) => {
    const socket = bare[index];
    const probed = socket && found.get(socket);
    return probed === undefined ? address : onCarrier(address, probed);
  });
}

/** As in Runtime. */
export async function takeTurns(
  sockets: readonly ProbedSocket[],
  signal?: AbortSignal,
): Promise<() => void> {
  const turns: (() => void)[] = [];
  const giveBack = (): void => {
    for (const turn of turns) turn();
  };
  try {
    for (const [transport, own] of byTransport(sockets.map(carrierOf))) {
      const turn = await transport.takeTurns?.(own, signal);
      if (turn !== undefined) turns.push(turn);
    }
    return giveBack;
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** The socket that carries it, or itself. */
function carrierOf(socket: ProbedSocket): ProbedSocket {
  const { carrier } = transportOf(socket.address);
  return carrier === undefined ? socket : { ...socket, address: carrier.socketOf(socket.address) };
}

/** The address as it is when its carrier is found to be at `socket`. */
function onCarrier(address: BoundAddress, socket: BoundAddress): BoundAddress {
  const { carrier } = transportOf(address);
  return carrier === undefined || socket.kind !== "tcp" ? socket : carrier.onSocket(socket);
}

/** In the order of the table, so that no two servers wait for each other. */
function byTransport(
  sockets: readonly ProbedSocket[],
): readonly (readonly [AnyTransport, readonly ProbedSocket[]])[] {
  const transports: readonly AnyTransport[] = Object.values(TRANSPORTS);
  return transports
    .map(
      (transport) =>
        [transport, sockets.filter(({ address }) => transportOf(address) === transport)] as const,
    )
    .filter(([, own]) => own.length > 0);
}
