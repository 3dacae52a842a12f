/* Autoscaler: how many slots a worker has, between its two limits: by what there is to do, and by
 * how late the event loop runs, which is how a process notices that it has too much to do.
 *
 * Ten times in half a second it looks how late its timer is and how many slots are busy; then there
 * is one slot fewer if the loop was later than it may at most of these times, or if never all but
 * one slots were busy; and one more if all were busy at some time and the loop has room. Used by
 * worker.ts.
 */
import type { Clock } from "../clock.ts";

/** What it looks at and decides on. */
export interface Scaled {
  /** Slots that run jobs now. */
  readonly busy: number;
  resize(slots: number): void;
}

/** Its limits. */
export interface ScaleLimits {
  readonly min: number;
  readonly max: number;
  readonly maxLagMillis: number;
}

const LOOK_MILLIS = 50;
const LOOKS = 10;
const MILLI_MICROS = 1000;

/** The number of slots of one worker. */
export class Autoscaler {
  readonly #clock: Clock;
  readonly #limits: ScaleLimits;
  readonly #scaled: Scaled;
  #slots: number;
  #lags: number[] = [];
  #busyMost = 0;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, limits: ScaleLimits, scaled: Scaled) {
    this.#clock = clock;
    this.#limits = limits;
    this.#scaled = scaled;
    this.#slots = limits.min;
  }

  /** Begins with the fewest slots. */
  start(): void {
    this.#scaled.resize(this.#slots);
    if (this.#limits.min < this.#limits.max) this.#wait();
  }

  stop(): void {
    this.#cancel();
  }

  #wait(): void {
    const due = this.#clock.now() + LOOK_MILLIS * MILLI_MICROS;
    this.#cancel = this.#clock.after(LOOK_MILLIS, () => {
      this.#look((this.#clock.now() - due) / MILLI_MICROS);
      this.#wait();
    });
  }

  #look(lagMillis: number): void {
    this.#lags.push(lagMillis);
    this.#busyMost = Math.max(this.#busyMost, this.#scaled.busy);
    if (this.#lags.length < LOOKS) return;
    const slots = this.#decided();
    this.#lags = [];
    this.#busyMost = 0;
    if (slots === this.#slots) return;
    this.#slots = slots;
    this.#scaled.resize(slots);
  }

  #decided(): number {
    const { min, max, maxLagMillis } = this.#limits;
    const lag = this.#lags.toSorted((one, other) => one - other)[LOOKS / 2] ?? 0;
    if (lag > maxLagMillis || this.#busyMost < this.#slots - 1) {
      return Math.max(min, this.#slots - 1);
    }
    const hasRoom = lag < maxLagMillis / 2;
    return hasRoom && this.#busyMost >= this.#slots ? Math.min(max, this.#slots + 1) : this.#slots;
  }
}
