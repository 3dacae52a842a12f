/* Deadlines: the calls whose time runs out, by when it does.
 *
 * A hundred thousand calls have one timer between them: calls that end within the same twentieth of
 * a second lie in one bucket, and each leaves its bucket when it is answered. Nobody is given less
 * time than was said, and at most STEP_MILLIS more. Used by link.ts, and by a worker for its
 * attempts, leases and notes.
 */
import { RING_MILLIS_MAX } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { asError } from "./errors.ts";

/** What ends at the same moment. */
interface Bucket {
  /** At the end of which step it is due. */
  readonly step: number;
  readonly members: Set<Expiring>;
}

/** What has a deadline. */
export interface Expiring {
  /** Where it lies; undefined when its time does not run. */
  bucket: Bucket | undefined;
  /** Its time is over. */
  expire(): void;
}

const STEP_MILLIS = 50;
const MILLI_MICROS = 1000;

/** What runs out when. */
export class Deadlines {
  readonly #clock: Clock;
  /** By their steps; none is empty but the newest. */
  readonly #buckets = new Map<number, Bucket>();
  #newest: Bucket | undefined;
  #timerStep = Infinity;
  #cancelTimer: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives it so many milliseconds from now. */
  add(expiring: Expiring, millis: number): void {
    const due = this.#clock.now() / MILLI_MICROS + millis;
    const step = Math.ceil(due / STEP_MILLIS);
    const bucket = this.#newest?.step === step ? this.#newest : this.#open(step);
    bucket.members.add(expiring);
    expiring.bucket = bucket;
    if (step < this.#timerStep) this.#setTimer(step);
  }

  /** Its time does not run any more. */
  remove(expiring: Expiring): void {
    const { bucket } = expiring;
    if (bucket === undefined) return;
    bucket.members.delete(expiring);
    expiring.bucket = undefined;
    if (bucket.members.size === 0 && bucket !== this.#newest) this.#buckets.delete(bucket.step);
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#cancelTimer();
    this.#timerStep = Infinity;
    this.#buckets.clear();
    this.#newest = undefined;
  }

  #open(step: number): Bucket {
    const last = this.#newest;
    if (last?.members.size === 0) this.#buckets.delete(last.step);
    const bucket = this.#buckets.get(step) ?? { step, members: new Set() };
    this.#buckets.set(step, bucket);
    this.#newest = bucket;
    return bucket;
  }

  #setTimer(step: number): void {
    this.#cancelTimer();
    this.#timerStep = step;
    const millis = step * STEP_MILLIS - this.#clock.now() / MILLI_MICROS;
    const wait = Math.min(RING_MILLIS_MAX, Math.max(0, Math.ceil(millis)));
    this.#cancelTimer = this.#clock.after(wait, () => this.#ring());
  }

  #ring(): void {
    this.#timerStep = Infinity;
    const now = Math.floor(this.#clock.now() / MILLI_MICROS / STEP_MILLIS);
    const due = [...this.#buckets.values()].filter(({ step }) => step <= now);
    const errors = due.flatMap((bucket) => this.#expire(bucket));
    const next = Math.min(...this.#buckets.keys());
    if (next < this.#timerStep) this.#setTimer(next);
    const [first] = errors;
    if (errors.length > 1) throw new AggregateError(errors, "several deadlines threw");
    if (first !== undefined) throw first;
  }

  /** Tells all of one bucket, and returns what they threw: nobody is left out for another. */
  #expire({ step, members }: Bucket): readonly Error[] {
    const errors: Error[] = [];
    this.#buckets.delete(step);
    if (this.#newest?.step === step) this.#newest = undefined;
    for (const expiring of members) {
      expiring.bucket = undefined;
      try {
        expiring.expire();
      } catch (error) {
        errors.push(asError(error));
      }
    }
    return errors;
  }
}
