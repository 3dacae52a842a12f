/* Dispatcher: which of the slots that are free runs a job: the choice is of a slot, with its state,
 * never of a job.
 */
import type { JobEvent } from "./failure-mode.ts";

/** Chooses slots for one worker. Slots are numbers, none of which is given twice. */
export interface Dispatch {
  /** A slot became free. */
  ready(slot: number): void;
  /** The free slot that runs the job, which is busy then; undefined: the job waits. */
  pick(job: JobEvent): number | undefined;
  /** A free slot is there no more. */
  gone(slot: number): void;
}

/** A way to choose slots. */
export interface Dispatcher {
  readonly name: string;
  /** For one worker. */
  open(): Dispatch;
}

/** The slot that has been free for longest: all get the same to do. */
export function leastRecentlyUsed(): Dispatcher {
  return { name: "leastRecentlyUsed", open: () => new Line((free) => free.shift()) };
}

/** The slot that became free last: what it has in its caches is fresh. */
export function mostRecentlyUsed(): Dispatcher {
  return { name: "mostRecentlyUsed", open: () => new Line((free) => free.pop()) };
}

/** Free slots in the order in which they became so. */
class Line implements Dispatch {
  readonly #free: number[] = [];
  readonly #next: (free: number[]) => number | undefined;

  constructor(next: (free: number[]) => number | undefined) {
    this.#next = next;
  }

  ready(slot: number): void {
    this.#free.push(slot);
  }

  pick(): number | undefined {
    return this.#next(this.#free);
  }

  gone(slot: number): void {
    const at = this.#free.indexOf(slot);
    if (at >= 0) this.#free.splice(at, 1);
  }
}
