/* Admission: whether there is room for one more connection, as each thread that takes them asks,
 * and what is counted and said when there is none. Used by thread.ts and main-door.ts.
 */
import type { Clock } from "../clock.ts";
import { COUNTER_ACCEPTED, COUNTER_TURNED_AWAY } from "../engine/common.ts";
import type { Common } from "../engine/common.ts";

/** A thread says at most this often that it turns connections away. */
const TURNED_AWAY_MS = 1000;

/** What it is made of. */
export interface AdmissionParts {
  readonly common: Common;
  /** Of the thread that asks. */
  readonly counters: Float64Array;
  /** Most open connections of all threads together. */
  readonly maxConnections: number;
  readonly clock: Clock;
  /** Takes one line for the operator. */
  readonly troubled: (message: string) => void;
}

/** Counts those who come to one thread. */
export class Admission {
  readonly #parts: AdmissionParts;
  #saidTurnedAwayMicros = -Infinity;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** As in Door. */
  admit(): boolean {
    const { common, maxConnections } = this.#parts;
    if (common.admitConnection(maxConnections)) {
      this.#count(COUNTER_ACCEPTED);
      return true;
    }
    this.#count(COUNTER_TURNED_AWAY);
    this.#sayTurnedAway();
    return false;
  }

  /** As in Door. */
  left(): void {
    this.#parts.common.releaseConnection();
  }

  #count(counter: number): void {
    const { counters } = this.#parts;
    counters[counter] = (counters[counter] ?? 0) + 1;
  }

  #sayTurnedAway(): void {
    const { clock, maxConnections, troubled } = this.#parts;
    const now = clock.now();
    if (now - this.#saidTurnedAwayMicros < TURNED_AWAY_MS * 1000) return;
    this.#saidTurnedAwayMicros = now;
    troubled(`turning connections away: there are ${maxConnections} already`);
  }
}
