/* PortWire: the wire of a client's connection to a queue that another thread of the program has;
 * sharing.ts is the other end.
 *
 * Invariants: the listener hears the end once. What was sent and not taken counts as the backlog,
 * so that a client sends no faster than the other thread runs. A queue that was closed, and a
 * thread that is gone without a word, is told as a ClosedError. Used by join-queue.ts.
 */
import type { MessagePort } from "node:worker_threads";
import { ClosedError, UnreachableError } from "../client/errors.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import { FINISH, post } from "./sharing.ts";
import type { PortNews } from "./sharing.ts";

/** Why nothing comes from there any more. */
export const GONE = "the thread that has the queue has closed it, or is gone";

/** One connection. */
export class PortWire implements Wire {
  readonly #port: MessagePort;
  readonly #listener: WireListener;
  #backlogBytes = 0;
  #isOver = false;

  constructor(port: MessagePort, listener: WireListener) {
    this.#port = port;
    this.#listener = listener;
    port.on("message", (said: Uint8Array | PortNews) => this.#hear(said));
    port.on("close", () => this.#end(new ClosedError(GONE)));
    port.unref();
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
    if (!this.#isOver) this.#port.postMessage(FINISH);
  }

  close(): void {
    this.#port.close();
  }

  #hear(said: Uint8Array | PortNews): void {
    if (this.#isOver) return;
    if (said instanceof Uint8Array) this.#listener.received(said);
    else if ("taken" in said) this.#take(said.taken);
    else this.#end(reasonOf(said));
  }

  #take(bytes: number): void {
    this.#backlogBytes -= bytes;
    if (this.#backlogBytes === 0) this.#listener.drained();
  }

  #end(cause: Error | undefined): void {
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
