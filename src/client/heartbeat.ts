/* Heartbeat: asks from time to time whether the server is there, while somebody waits for what
 * comes unasked: one that stands still sends nothing, as one that has nothing to say. Used by
 * caller.ts.
 */
import type { Clock } from "../clock.ts";

/** One client's. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #beat: () => void;
  #waiting = 0;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, everyMs: number, beat: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#beat = beat;
  }

  /** Somebody begins, or ceases, to wait. */
  stay(isWaiting: boolean): void {
    this.#waiting += isWaiting ? 1 : -1;
    if (isWaiting && this.#waiting === 1) this.#next();
    if (this.#waiting === 0) this.#cancel();
  }

  #next(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#everyMs, () => {
      this.#next();
      this.#beat();
    });
  }
}
