/* Room: space for what the journal has to write, where even writing over a file takes some.
 *
 * What was written over takes space until the sync; then hints that are being written give way,
 * then one spare after the other, and the hints last. What was given up is made again when there is
 * space. Asked by the journal.
 */

import type { Beside } from "./journal-parts.ts";
import type { Spares } from "./spares.ts";

/** There is no space for the journal to begin. */
export class NoSpaceError extends Error {
  override readonly name = "NoSpaceError";
  readonly code = "HM_JOURNAL_NO_SPACE";
}

/** What can be given up for space. */
export class Room {
  readonly #beside: Beside | undefined;
  readonly #spares: Spares;
  readonly #sync: () => boolean;
  /** Nothing is given up. */
  #isModest = false;

  /** `sync` makes safe what was written; it returns false when all was. */
  constructor(beside: Beside | undefined, spares: Spares, sync: () => boolean) {
    this.#beside = beside;
    this.#spares = spares;
    this.#sync = sync;
  }

  /**
   * Tries what takes space, and gives up one thing after the other until there is enough of it, but
   * not the last `spares`; false when nothing is left. Throws a StorageError.
   */
  insist(attempt: () => boolean, spares = 0): boolean {
    while (!attempt()) if (!this.#giveUp(spares)) return false;
    return true;
  }

  /** Does what is not worth giving up anything for, were it to insist; returns what it returns. */
  modestly(attempt: () => boolean): boolean {
    this.#isModest = true;
    try {
      return attempt();
    } finally {
      this.#isModest = false;
    }
  }

  #giveUp(spares: number): boolean {
    const beside = this.#beside;
    if (this.#sync()) return true;
    if (this.#isModest) return false;
    return beside?.abandon() === true || this.#spares.giveUp(spares) || beside?.giveUp() === true;
  }
}
