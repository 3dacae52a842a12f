/* Transport kind: what the table of transports (transports.ts) knows of one way to reach a server:
 * how threads listen on an address of its kind, what the main thread has to see to before they do,
 * and how a client connects.
 */
import type { NetConnectOpts } from "node:net";
import type { BoundAddress } from "../config/listen-address.ts";
import type { BoundTcp } from "../config/tcp-address.ts";
import type { Door, Listener, ListenManner, ProbedSocket } from "../runtime.ts";

/** Where a WebSocket is opened. */
export interface WebSocketUrl {
  readonly url: string;
}

/** Where TLS is spoken. */
export interface SecurePlace {
  readonly secure: { readonly host: string; readonly port: number };
}

/** What carries the addresses of a kind. */
export interface Carrier<Address extends BoundAddress> {
  /** The address of the socket itself. */
  socketOf(address: Address): BoundTcp;
  /** The address of what that socket carries. */
  onSocket(socket: BoundTcp): Address;
}

/** One way to reach a server. */
export interface TransportKind<Address extends BoundAddress> {
  /**
   * Whether all threads listen on one address, where the runtime lets them; otherwise one of them
   * does.
   */
  readonly isShared: boolean;
  /** Listens. Rejects with a BindError. */
  listen(
    address: Address,
    manner: ListenManner,
    door: Door,
    lendsHandles: boolean,
  ): Promise<Listener>;
  /** What a client connects with. */
  connection(address: Address): NetConnectOpts | SecurePlace | WebSocketUrl;
  /** As in Runtime. */
  needsPrivilege(address: Address): boolean;
  /** The address with numbers for names; if absent, it has no names. Rejects with a BindError. */
  lookUp?(address: Address): Promise<Address>;
  /**
   * Of an address that sockets of another kind carry; what those have to be looked at for, and what
   * they take turns for, is then seen to with those of that kind. If absent, it is its own.
   */
  readonly carrier?: Carrier<Address>;
  /** As in Runtime; if absent, there is nothing to look at. */
  probe?(sockets: readonly ProbedSocket<Address>[]): Promise<readonly Address[]>;
  /** As in Runtime; if absent, whoever listens sees to it. */
  takeTurns?(sockets: readonly ProbedSocket<Address>[], signal?: AbortSignal): Promise<() => void>;
}
