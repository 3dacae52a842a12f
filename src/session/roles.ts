/* Roles: whether a connection has put, whether it has reserved: what stats counts as producers and
 * workers.
 *
 * Once is enough, until the connection is gone. A worker says who it is, because the failures of
 * what it holds tell. Used by the session.
 */

import { COUNTER_PRODUCERS, COUNTER_WORKERS } from "./counters.ts";
import type { Desk } from "./desk.ts";
import type { Identity } from "./identity.ts";

/** The roles of one connection. */
export class Roles {
  readonly #desk: Desk;
  readonly #identity: Identity;
  #isProducer = false;
  #isWorker = false;

  constructor(desk: Desk, identity: Identity) {
    this.#desk = desk;
    this.#identity = identity;
  }

  get isWorker(): boolean {
    return this.#isWorker;
  }

  becomeProducer(): void {
    if (this.#isProducer) return;
    this.#isProducer = true;
    this.#desk.count(COUNTER_PRODUCERS, 1);
  }

  becomeWorker(): void {
    if (this.#isWorker) return;
    this.#isWorker = true;
    this.#desk.count(COUNTER_WORKERS, 1);
    this.#identity.introduce();
  }

  /** The connection is gone. */
  leave(): void {
    if (this.#isProducer) this.#desk.count(COUNTER_PRODUCERS, -1);
    if (this.#isWorker) this.#desk.count(COUNTER_WORKERS, -1);
  }
}
