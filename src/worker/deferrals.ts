/* Deferrals: how long jobs wait that were given back because they cannot be run here, or because
 * there is no room for what follows from them: longer each time. Used by job-end.ts.
 */
import { exponential } from "./failure-modes.ts";
import { Recent } from "./recent.ts";

const BACKOFF = exponential({ base: "1s", max: "1m", jitter: "equal" });

/** The jobs that one worker gave back so. */
export class Deferrals {
  readonly #times = new Recent<number>();

  /** How long it waits this time. */
  afterMillis(id: string): number {
    const times = (this.#times.get(id) ?? 0) + 1;
    this.#times.set(id, times);
    return BACKOFF(times, undefined);
  }

  /** It was run. */
  forget(id: string): void {
    this.#times.delete(id);
  }
}
