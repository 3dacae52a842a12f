/* Virtual clock: time that passes when a test says so. */
import type { Clock } from "../../src/clock.ts";

interface Timer {
  readonly dueMicros: number;
  readonly ring: () => void;
}

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
    const timer = { dueMicros: this.#micros + millis * 1000, ring };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets so many seconds pass, timer by timer. */
  advance(seconds: number): void {
    const until = this.#micros + seconds * 1_000_000;
    for (;;) {
      const [next] = [...this.#timers].toSorted((one, other) => one.dueMicros - other.dueMicros);
      if (next === undefined || next.dueMicros > until) break;
      this.#micros = Math.max(this.#micros, next.dueMicros);
      this.#timers.delete(next);
      next.ring();
    }
    this.#micros = until;
  }
}
