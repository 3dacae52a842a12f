/* StandbyDoor: what becomes of clients who come to a server that stands by and was asked to
 * redirect: whoever says something hears who leads, and is let go.
 *
 *   silent -> told -> gone
 *
 * Invariants: nothing that a client sends is kept, or done. There is a bound on how many are here,
 * and on how long each is. Whoever comes by a WebSocket needs no token, since nobody gets more than
 * an address. Made by redirect.ts.
 */
import type { Clock } from "../clock.ts";
import { notLeaderLine } from "../protocol/replies.ts";
import type { Door } from "../runtime.ts";
import type { Inlet, Outlet } from "../transport.ts";

/** Connections at a time; one more is closed at once. */
const CONNECTIONS_MAX = 256;
/** How long one may say nothing. */
export const SILENT_MS = 10_000;
/**
 * How long one that was told may go on sending: bytes that nobody reads would turn the close into a
 * reset, which can overtake the answer.
 */
export const LINGER_MS = 500;

/** What it works with. */
export interface StandbyDoorParts {
  readonly clock: Clock;
  /** Where clients reach who leads; "" while that is not known. */
  readonly leader: () => string;
  /** Takes one line for the operator. */
  readonly troubled: (message: string) => void;
}

/** The door of all addresses of a server that stands by. */
export class StandbyDoor implements Door {
  readonly #parts: StandbyDoorParts;
  #connections = 0;

  constructor(parts: StandbyDoorParts) {
    this.#parts = parts;
  }

  admit(): boolean {
    if (this.#connections >= CONNECTIONS_MAX) return false;
    this.#connections++;
    return true;
  }

  open(outlet: Outlet): Inlet {
    return new Visit(outlet, this.#parts);
  }

  knows(): undefined {
    return undefined;
  }

  left(): void {
    this.#connections--;
  }

  troubled(message: string): void {
    this.#parts.troubled(message);
  }
}

/** One connection. */
class Visit implements Inlet {
  readonly #outlet: Outlet;
  readonly #parts: StandbyDoorParts;
  #isTold = false;
  #cancel: () => void;

  constructor(outlet: Outlet, parts: StandbyDoorParts) {
    this.#outlet = outlet;
    this.#parts = parts;
    this.#cancel = this.#closeAfter(SILENT_MS);
  }

  /** Whatever it is: the first bytes are as good as the whole line. */
  receive(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#outlet.write(notLeaderLine(this.#parts.leader()));
    this.#cancel();
    this.#cancel = this.#closeAfter(LINGER_MS);
  }

  ended(): void {
    this.#outlet.close();
  }

  closed(): void {
    this.#cancel();
  }

  drained(): void {
    // What there was to say is out: the time of the connection runs on.
  }

  #closeAfter(millis: number): () => void {
    return this.#parts.clock.after(millis, () => this.#outlet.close());
  }
}
