/* PortWire: the wire of a client's connection to a queue that another thread of the program has;
 * sharing.ts is the other end.
 *
 * Invariants: the listener hears the end once. What was sent and not taken counts as the backlog,
 * so that a client sends no faster than the other thread runs. A queue that was closed, and a
 * thread that is gone without a word, is told as a ClosedError. Used by joining.ts.
 */
import { ClosedError, UnreachableError } from "../client/errors.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import type { Port } from "./port.ts";
import { FINISH, post } from "./sharing.ts";
import type { PortNews } from "./sharing.ts";

/** Why nothing comes from there any more. */
export const GONE = "the thread that has the queue has closed it, or is gone";

/** One connection. */
export class PortWire implements Wire {
  readonly #port: Port;
  readonly #listener: WireListener;
  readonly #isToldElsewhere: boolean;
  #backlogBytes = 0;
  #isOver = false;

  /**
   * `isToldElsewhere`: whoever makes it hears why the queue is of no use any more, and calls
   * `abandon` then.
   */
  constructor(port: Port, listener: WireListener, isToldElsewhere = false) {
    this.#port = port;
    this.#listener = listener;
    this.#isToldElsewhere = isToldElsewhere;
    port.listen(
      (said) => this.#hear(said as Uint8Array | PortNews),
      () => this.#lose(new ClosedError(GONE)),
    );
  }

  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#backlogBytes += bytes.length;
    post(this.#port, bytes);
  }

  get backlogBytes(): number {
    return this.#isOver ? Infinity : this.#backlogBytes;
  }

  finish(): void {
    if (!this.#isOver) this.#port.post(FINISH);
  }

  close(): void {
    this.#port.close();
    queueMicrotask(() => this.abandon(undefined));
  }

  #hear(said: Uint8Array | PortNews): void {
    if (this.#isOver) return;
    if (said instanceof Uint8Array) this.#listener.received(said);
    else if ("taken" in said) this.#take(said.taken);
    else this.#lose(reasonOf(said));
  }

  #take(bytes: number): void {
    this.#backlogBytes -= bytes;
    if (this.#backlogBytes === 0) this.#listener.drained();
  }

  #lose(cause: Error | undefined): void {
    if (cause === undefined || !this.#isToldElsewhere) this.abandon(cause);
  }

  /** It is over: why, if this side did not wish it. */
  abandon(cause: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#port.close();
    this.#listener.ended(cause);
  }
}

/** Undefined where this side wished it. */
function reasonOf({ over, isClosed }: Extract<PortNews, { over: unknown }>): Error | undefined {
  if (over === undefined) return undefined;
  return isClosed ? new ClosedError(over) : new UnreachableError(over);
}
