/* Patience: waiting for something for so long and no longer, in time during which the process ran.
 *
 * A process may be frozen: by SIGSTOP, in a paused container, on a suspended laptop. A deadline by
 * the clock has passed when it goes on, although nobody had the time to do what is awaited. So
 * short steps are counted: a freeze of any length is one of them.
 */

const STEP_MS = 100;

/** One wait. */
export class Patience {
  readonly #timer: ReturnType<typeof setInterval>;
  #stepsLeft: number;

  /** Calls `over` once it has run for so many milliseconds, unless it is ended before. */
  constructor(millis: number, over: () => void = () => undefined) {
    this.#stepsLeft = Math.ceil(millis / STEP_MS);
    this.#timer = setInterval(() => {
      this.#stepsLeft--;
      if (this.#stepsLeft > 0) return;
      clearInterval(this.#timer);
      over();
    }, STEP_MS);
  }

  get isOver(): boolean {
    return this.#stepsLeft <= 0;
  }

  /** There is nothing to wait for any more. */
  end(): void {
    clearInterval(this.#timer);
  }
}
