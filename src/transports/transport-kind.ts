/* Transport kind: what the table of transports (transports.ts) knows of one way to reach a server:
 * how threads listen on an address of its kind, what the main thread has to see to before they do,
 * and how a client connects.
 */
import type { NetConnectOpts } from "node:net";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Door, Listener, ListenManner, ProbedSocket } from "../runtime.ts";

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
  connection(address: Address): NetConnectOpts;
  /** As in Runtime. */
  needsPrivilege(address: Address): boolean;
  /** The address with numbers for names; if absent, it has no names. Rejects with a BindError. */
  lookUp?(address: Address): Promise<Address>;
  /** As in Runtime; if absent, there is nothing to look at. */
  probe?(sockets: readonly ProbedSocket<Address>[]): Promise<readonly Address[]>;
  /** As in Runtime; if absent, whoever listens sees to it. */
  takeTurns?(sockets: readonly ProbedSocket<Address>[]): Promise<() => void>;
}
