/* Start rate: at most so many of something in any while of a certain length. Used by
 * worker-limits.ts and spread-consumer.ts.
 */
import { MICROS, RING_MILLIS_MAX } from "../clock.ts";
import type { Clock } from "../clock.ts";

const MILLI_MICROS = MICROS / 1000;

/** Counts what begins. */
export class StartRate {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #perMicros: number;
  /** When the newest began, as far back as counts. */
  readonly #starts: number[] = [];
  #cancel: (() => void) | undefined;
  #hasRoom: () => void = () => undefined;

  constructor(
    clock: Clock,
    { most, perMillis }: { readonly most: number; readonly perMillis: number },
  ) {
    this.#clock = clock;
    this.#most = most;
    this.#perMicros = perMillis * MILLI_MICROS;
  }

  /** `hasRoom` is called when something may begin again that could not before. */
  onRoom(hasRoom: () => void): void {
    this.#hasRoom = hasRoom;
  }

  /** How many may begin now. */
  get left(): number {
    const since = this.#clock.now() - this.#perMicros;
    while ((this.#starts[0] ?? Infinity) <= since) this.#starts.shift();
    return this.#most - this.#starts.length;
  }

  /** One begins. */
  began(): void {
    this.#starts.push(this.#clock.now());
    if (this.left <= 0) this.#wait();
  }

  #wait(): void {
    if (this.#cancel !== undefined) return;
    const [first = 0] = this.#starts;
    const micros = first + this.#perMicros - this.#clock.now();
    const millis = Math.min(RING_MILLIS_MAX, Math.max(1, Math.ceil(micros / MILLI_MICROS)));
    this.#cancel = this.#clock.after(millis, () => {
      this.#cancel = undefined;
      if (this.left <= 0) this.#wait();
      else this.#hasRoom();
    });
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#cancel?.();
  }
}
