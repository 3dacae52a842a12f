/* StopRequests: the signals that a server minds, through all its lives: one that has stepped down
 * begins another (server.ts).
 *
 * Who is told to stop once more, and does not mean the same request, does not want to wait. Used by
 * server.ts.
 */
import type { Runtime } from "../runtime.ts";
import { PROGRAM } from "../version.ts";

/**
 * A signal to stop that comes so soon after the first is the same request: who signals a whole
 * group reaches a process twice.
 */
const SAME_REQUEST_MS = 200;

/** What the process is asked for from outside. */
export class StopRequests {
  /** Resolves when it is told to stop. */
  readonly asked: Promise<void>;
  /** What SIGUSR1 does. */
  onDrain: () => void = () => undefined;
  #isAsked = false;
  #resolve: () => void = () => undefined;

  constructor(runtime: Pick<Runtime, "onSignal" | "die">) {
    this.asked = new Promise((resolve) => (this.#resolve = resolve));
    let firstAt: number | undefined;
    const stop = (): void => {
      const now = performance.now();
      firstAt ??= now;
      if (now - firstAt > SAME_REQUEST_MS) {
        runtime.die(`${PROGRAM}: told to stop twice, ending at once`);
      }
      this.ask();
    };
    runtime.onSignal("SIGUSR1", () => this.onDrain());
    runtime.onSignal("SIGTERM", stop);
    runtime.onSignal("SIGINT", stop);
  }

  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Tells it to stop, as a first signal does. */
  ask(): void {
    this.#isAsked = true;
    this.#resolve();
  }
}
