/* Cuts: how connections can be cut, each once, at the toss of a coin. Used by the cables of the
 * client's ledger, and by those that stand in for them in a page.
 */
import type { ClientConnection } from "../../src/client/connection.ts";
import type { Random } from "../support/random.ts";

/** A moment after nothing gets through any more, the connection is gone. */
const GONE_AFTER_MS = 2;

/** Those of the connections that are not cut. */
export class Cuts {
  readonly #cuts = new Set<() => void>();

  /** From when it is cut, `mute` sees to it, what is sent is lost on the way. */
  add(connection: ClientConnection, mute: () => void): void {
    this.#cuts.add(() => {
      mute();
      setTimeout(() => connection.close(new Error("the cable is cut")), GONE_AFTER_MS);
    });
  }

  /** Cuts each at the toss of a coin. */
  cut(random: Random): void {
    for (const cut of this.#cuts) {
      if (random.below(2) === 0) continue;
      this.#cuts.delete(cut);
      cut();
    }
  }
}
