/* Deadlines: the calls whose time runs out, by when it does.
 *
 * A hundred thousand calls have one timer between them: calls that end within the same twentieth of
 * a second lie in one bucket, and each leaves its bucket when it is answered. Nobody is given less
 * time than was said, and at most STEP_MILLIS more. Used by link.ts.
 */
import type { Clock } from "../clock.ts";

/** What has a deadline. */
export interface Expiring {
  /** Where it lies; undefined when its time does not run. */
  bucket: Set<Expiring> | undefined;
  /** Its time is over. */
  expire(): void;
}

const STEP_MILLIS = 50;
const MILLI_MICROS = 1000;

/** What runs out when. */
export class Deadlines {
  readonly #clock: Clock;
  /** By the step at whose end they are due. */
  readonly #buckets = new Map<number, Set<Expiring>>();
  #timerStep = Infinity;
  #cancelTimer: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives it so many milliseconds from now. */
  add(expiring: Expiring, millis: number): void {
    const due = this.#clock.now() / MILLI_MICROS + millis;
    const step = Math.ceil(due / STEP_MILLIS);
    let bucket = this.#buckets.get(step);
    if (bucket === undefined) this.#buckets.set(step, (bucket = new Set()));
    bucket.add(expiring);
    expiring.bucket = bucket;
    if (step < this.#timerStep) this.#setTimer(step);
  }

  /** Its time does not run any more. */
  remove(expiring: Expiring): void {
    expiring.bucket?.delete(expiring);
    expiring.bucket = undefined;
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#cancelTimer();
    this.#timerStep = Infinity;
    this.#buckets.clear();
  }

  #setTimer(step: number): void {
    this.#cancelTimer();
    this.#timerStep = step;
    const millis = step * STEP_MILLIS - this.#clock.now() / MILLI_MICROS;
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(millis)), () => this.#ring());
  }

  #ring(): void {
    this.#timerStep = Infinity;
    const now = Math.floor(this.#clock.now() / MILLI_MICROS / STEP_MILLIS);
    let next = Infinity;
    for (const [step, bucket] of this.#buckets) {
      if (step > now && bucket.size > 0) next = Math.min(next, step);
      if (step > now && bucket.size > 0) continue;
      this.#buckets.delete(step);
      for (const expiring of bucket) {
        expiring.bucket = undefined;
        expiring.expire();
      }
    }
    if (next < this.#timerStep) this.#setTimer(next);
  }
}
