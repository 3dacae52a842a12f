/* Virtual clock: time that passes when a test says so. */
import { MICROS } from "../clock.ts";
import type { Clock } from "../clock.ts";

interface Timer {
  readonly dueMicros: number;
  readonly ring: () => void;
}

const MILLI_MICROS = 1000;

/** Time that stands still but for `advance`. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #micros: number;

  constructor(micros = 0) {
    this.#micros = micros;
  }

  now(): number {
    return this.#micros;
  }

  after(millis: number, ring: () => void): () => void {
    const timer = { dueMicros: this.#micros + millis * MILLI_MICROS, ring };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets so many seconds pass, timer by timer. */
  advance(seconds: number): void {
    const until = this.#micros + seconds * MICROS;
    while (this.step(until));
  }

  /**
   * Has the timer ring that is due first, if it is by then; else it is then. Returns whether one
   * rang.
   */
  step(untilMicros: number): boolean {
    const next = this.#first();
    if (next === undefined || next.dueMicros > untilMicros) {
      this.#micros = untilMicros;
      return false;
    }
    this.#micros = Math.max(this.#micros, next.dueMicros);
    this.#timers.delete(next);
    next.ring();
    return true;
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.dueMicros < first.dueMicros) first = timer;
    }
    return first;
  }
}
