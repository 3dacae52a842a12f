/* PortWire: the wire of a client's connection to a queue that another thread of the program has;
 * sharing.ts is the other end.
 *
 * Invariants: the listener hears the end once. What was sent and not taken counts as the backlog,
 * so that a client sends no faster than the other thread runs. Used by join-queue.ts.
 */
import type { MessagePort } from "node:worker_threads";
import { UnreachableError } from "../client/errors.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import { FINISH, post } from "./sharing.ts";
import type { PortNews } from "./sharing.ts";

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
    port.on("close", () => this.#end(undefined));
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
    else this.#end(said.over);
  }

  #take(bytes: number): void {
    this.#backlogBytes -= bytes;
    if (this.#backlogBytes === 0) this.#listener.drained();
  }

  #end(why: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#port.close();
    this.#listener.ended(why === undefined ? undefined : new UnreachableError(why));
  }
}
