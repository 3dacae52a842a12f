/* Stop requests: the signals that end `homemaker work`: the first asks for it, the second one
 * hurries, the third ends the process. Used by work.ts.
 */
import { SAME_SIGNAL_MS } from "../../runtime.ts";
import type { Runtime } from "../../runtime.ts";
import { PROGRAM } from "../../version.ts";

/** By then a further signal is a further request. */
export const NEXT_REQUEST_MS = 250;

/** The signals so far. */
export class StopRequests {
  /** Resolves at the first. */
  readonly first: Promise<void>;
  readonly #runtime: Runtime;
  #count = 0;
  #lastAt = -Infinity;
  #second: () => void = () => undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    const first = Promise.withResolvers<void>();
    this.first = first.promise;
    const heard = (): void => this.#heard(first.resolve);
    runtime.onSignal("SIGTERM", heard);
    runtime.onSignal("SIGINT", heard);
  }

  /** Calls `hurry` at the second; at once if it came already. */
  onSecond(hurry: () => void): void {
    this.#second = hurry;
    if (this.#count > 1) hurry();
  }

  #heard(first: () => void): void {
    const now = performance.now();
    if (now - this.#lastAt < SAME_SIGNAL_MS) return;
    this.#lastAt = now;
    this.#count += 1;
    if (this.#count === 1) first();
    else if (this.#count === 2) this.#second();
    else this.#runtime.die(`${PROGRAM}: told to stop three times, ending at once`);
  }
}
