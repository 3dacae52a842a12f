/* Worker events: what a worker tells whoever listens. Invariant: a listener that throws or rejects
 * harms neither jobs nor other listeners; the worker's logger is told.
 */
import { harmlessly } from "./harmless.ts";
import type { JobEvent, Verdict } from "./failure-mode.ts";
import type { StopReport } from "./worker-status.ts";

/** What can be listened to. */
export interface WorkerEvents {
  /** A handler is called. */
  readonly start: JobEvent;
  /** A handler left a note of how far it is. */
  readonly progress: JobEvent & { readonly value: unknown };
  /** A job is done, and the back end has said so. */
  readonly success: JobEvent & { readonly result: unknown };
  /** An attempt failed; `verdict` is what became of the job. */
  readonly failure: JobEvent & { readonly error: unknown; readonly verdict: Verdict["do"] };
  /** A job was given back with no attempt counted. */
  readonly handedBack: JobEvent & { readonly why: string; readonly afterMillis: number };
  /**
   * A job that was being run is not held any more: somebody else may run it, too. `reason` says
   * why, where the back end knows: with its connection, for instance.
   */
  readonly leaseLost: JobEvent & { readonly reason: unknown };
  /** A job that was being run was cancelled, and is gone. */
  readonly cancelled: JobEvent;
  /**
   * No job is left in a tube that may run: told when the worker has run some of it, and runs none
   * any more.
   */
  readonly drained: { readonly tube: string };
  /** `init` threw for a slot, and will be tried again. */
  readonly initFailed: { readonly slot: number; readonly error: unknown };
  /** The way to the jobs was lost, and is sought anew. */
  readonly reconnecting: { readonly error: unknown };
  /** It has stopped; nothing is told after that. */
  readonly stopped: StopReport;
}

/** Who listens to a worker. */
export class Listeners {
  readonly #hearers = new Map<keyof WorkerEvents, Set<(event: never) => void>>();
  readonly #failed: (error: unknown) => void;

  /** `failed` is told what a listener threw. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  on<Name extends keyof WorkerEvents>(
    name: Name,
    hear: (event: WorkerEvents[Name]) => void,
  ): Disposable {
    const hearer = (event: WorkerEvents[Name]): void => hear(event);
    const hearers = this.#hearers.get(name) ?? new Set();
    this.#hearers.set(name, hearers.add(hearer));
    return { [Symbol.dispose]: () => void hearers.delete(hearer) };
  }

  /** Whether anybody listens to it. */
  hears(name: keyof WorkerEvents): boolean {
    return (this.#hearers.get(name)?.size ?? 0) > 0;
  }

  tell<Name extends keyof WorkerEvents>(name: Name, event: WorkerEvents[Name]): void {
    const hearers = this.#hearers.get(name);
    if (hearers === undefined) return;
    for (const hear of hearers as Set<(event: WorkerEvents[Name]) => void>) {
      harmlessly(() => hear(event), this.#failed);
    }
  }
}
