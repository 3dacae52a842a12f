/* Mutant walker: has a thread walk with mutants, one after the other. A planted fault may have the
 * engine go round in circles, which nothing inside of that thread ends.
 *
 * It keeps no process alive between two walks. Used by mutants.ts.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { WalksOptions } from "./walk.ts";

/** Longer than walks go on when nothing goes wrong; see mutants.ts. */
const STUCK_MS = 130_000;

const GOES_ROUND = "the engine does not come to an end";

/** One thread at a time. */
export class MutantWalker {
  #thread: Worker | undefined;

  /** What went wrong, or undefined: nothing did. */
  async walk(options: WalksOptions, stuckMs = STUCK_MS): Promise<string | undefined> {
    const thread = this.#there();
    thread.ref();
    const timer = setTimeout(() => void thread.terminate(), stuckMs);
    const over = new AbortController();
    const { signal } = over;
    const ended = once(thread, "exit", { signal }).then(() => [GOES_ROUND]);
    thread.postMessage(options);
    try {
      const [fault] = await Promise.race([once(thread, "message", { signal }), ended]);
      return fault;
    } finally {
      clearTimeout(timer);
      over.abort();
      thread.unref();
    }
  }

  #there(): Worker {
    if (this.#thread !== undefined) return this.#thread;
    const thread = new Worker(new URL("mutant-walks.ts", import.meta.url));
    thread.once("exit", () => (this.#thread = undefined));
    this.#thread = thread;
    return thread;
  }
}
