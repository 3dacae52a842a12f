/* Turns: what a session asks of the one that hosts it.
 *
 * Everything that a session runs, it runs in a turn. Implemented by the host (host.ts), which lies
 * above the sessions.
 */
import type { Outlet } from "../transport.ts";
import type { Due, DueHeap } from "./due-heap.ts";
import type { Holder } from "./gate.ts";

/** Whose turn it is: the outlet that replies go to, and who hears that they are out. */
export interface TurnTaker extends Holder {
  readonly outlet: Outlet;
  /** As in Desk.count. */
  readonly isObserver: boolean;
}

/** A session that waits in a reserve, until `dueMicros` at the latest. */
export interface Blocked extends TurnTaker, Due {
  /** That time has come. Called in a turn of its own. */
  expire(): void;
}

/** Gives turns. */
export interface Turns {
  /** The sessions that wait, and not for good. */
  readonly blocked: DueHeap<Blocked>;
  /**
   * Runs something of a session: what it replies goes to the session's outlet. Before this returns,
   * whoever else the turn concerns has heard of it.
   */
  turn(taker: TurnTaker, run: () => void): void;
  /** Runs something of no session, in a turn of its own; nothing may be replied. */
  alone(run: () => void): void;
  /** The session with that token is gone. */
  forget(token: number): void;
}
