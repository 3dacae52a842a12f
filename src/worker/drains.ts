/* Drains: which tubes of a worker ran empty: it ran jobs of one, runs none now, and no job is left
 * there that may run.
 *
 * The queue is asked when the last job of a tube has ended here, and every second after that until
 * it is empty: others may take the rest. Invariant: each time that a tube runs empty is told once,
 * and only after a job of it ended here. Used by worker.ts.
 */
import type { Clock } from "../clock.ts";

/** What is looked at. */
export interface DrainSurroundings {
  readonly clock: Clock;
  /** Whether anybody wants to know. */
  readonly isHeard: () => boolean;
  /** Whether the worker has jobs of that tube, whether they run or not yet. */
  readonly hasJobs: (tube: string) => boolean;
  /** How many jobs of that tube may run now, wherever. */
  readonly available: (tube: string) => Promise<number>;
  readonly drained: (tube: string) => void;
  readonly troubled: (error: unknown) => void;
}

const AGAIN_MILLIS = 1000;

/** Looks at the tubes of one worker. */
export class Drains {
  readonly #around: DrainSurroundings;
  /** Tubes that are looked at, and what ends a wait for the next look. */
  readonly #looking = new Map<string, () => void>();
  #isStopped = false;

  constructor(around: DrainSurroundings) {
    this.#around = around;
  }

  /** A job of that tube has ended here. */
  ended(tube: string): void {
    if (!this.#around.isHeard() || this.#looking.has(tube)) return;
    this.#looking.set(tube, () => undefined);
    void this.#look(tube);
  }

  async #look(tube: string): Promise<void> {
    const { clock, hasJobs, available, drained, troubled } = this.#around;
    try {
      const isLast = !hasJobs(tube);
      const left = isLast ? await available(tube) : 0;
      // A job may have come meanwhile: its own end is the next to look.
      if (isLast && left > 0 && !hasJobs(tube) && !this.#isStopped) {
        const cancel = clock.after(AGAIN_MILLIS, () => void this.#look(tube));
        this.#looking.set(tube, cancel);
        return;
      }
      if (isLast && left === 0 && !hasJobs(tube) && !this.#isStopped) drained(tube);
    } catch (error) {
      troubled(error);
    }
    this.#looking.delete(tube);
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#looking.values()) cancel();
  }
}
