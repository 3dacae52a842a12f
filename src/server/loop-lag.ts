/* LoopLag: how late a thread's event loop runs: a timer a few times a second, and what it is late.
 *
 * The figure is the greatest of this window and the one before, so that a scrape sees what happened
 * since its last one, more or less, and any number may look. Run by an I/O thread when somebody may
 * want to know (thread.ts).
 */

const PERIOD_MS = 250;
/** Looks in a window: five seconds. */
const WINDOW_LOOKS = 20;

/** Measures one thread. */
export class LoopLag {
  readonly #publish: (millis: number) => void;
  readonly #nowMillis: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  #dueMillis: number;
  #looks = 0;
  #greatest = 0;
  #before = 0;

  /** Begins; `publish` gets the figure, in milliseconds, after each look. */
  constructor(
    publish: (millis: number) => void,
    nowMillis: () => number = () => performance.now(),
  ) {
    this.#publish = publish;
    this.#nowMillis = nowMillis;
    this.#dueMillis = nowMillis() + PERIOD_MS;
    this.#timer = setInterval(() => this.#look(), PERIOD_MS);
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#nowMillis();
    this.#greatest = Math.max(this.#greatest, now - this.#dueMillis);
    this.#dueMillis = now + PERIOD_MS;
    this.#publish(Math.max(this.#greatest, this.#before));
    if (++this.#looks % WINDOW_LOOKS !== 0) return;
    this.#before = this.#greatest;
    this.#greatest = 0;
  }
}
