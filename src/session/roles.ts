/* Roles: whether a connection has put, whether it has reserved: what stats counts as producers and
 * workers.
 *
 * Once is enough, until the connection is gone. A worker says who it is, because the failures of
 * what it holds tell. Used by the session.
 */

import { WHO_MAX } from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import { COUNTER_PRODUCERS, COUNTER_WORKERS } from "./counters.ts";
import type { Outlet } from "../transport.ts";
import type { Desk } from "./desk.ts";

/** The roles of one connection. */
export class Roles {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #outlet: Outlet;
  #isProducer = false;
  #isWorker = false;

  /** The outlet knows what a worker is called, if anybody does: it is asked when there is one. */
  constructor(desk: Desk, reserver: Reserver, outlet: Outlet) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#outlet = outlet;
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
    const { peer } = this.#outlet;
    if (peer !== undefined) this.#reserver.introduce(asciiBytes(peer).subarray(0, WHO_MAX));
  }

  /** The connection is gone. */
  leave(): void {
    if (this.#isProducer) this.#desk.count(COUNTER_PRODUCERS, -1);
    if (this.#isWorker) this.#desk.count(COUNTER_WORKERS, -1);
  }
}
