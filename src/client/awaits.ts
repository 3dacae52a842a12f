/* Awaits: the jobs whose end this client wants to be told.
 *
 * One `await` is sent for each job, however many callers wait for it, and again on each new
 * connection. Invariants: a job that nobody waits for any more stays here until the server tells
 * its end, which it will. An `await` without an answer goes on the next connection by itself, and
 * no second one beside it. Used by caller.ts.
 */
import type { Clock } from "../clock.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { endOf } from "./commands/reserves.ts";
import type { End } from "./commands/reserves.ts";
import { TimeoutError } from "./errors.ts";
import type { CallOptions } from "./job.ts";

/** How a job ended. */
export interface Done {
  readonly id: number;
  readonly end: End;
  /** Its result if it was finished, else its newest failure message. */
  readonly body: Uint8Array;
}

/** What awaits work with. */
export interface AwaitsParts {
  readonly clock: Clock;
  /** Has the server tell the end of a job; rejects when it does not know the job. */
  readonly ask: (id: number) => Promise<void>;
  /** Somebody begins, or ceases, to wait. */
  readonly stay: (isWaiting: boolean) => void;
}

/** Somebody who waits for the end of a job. */
interface Waiter {
  readonly done: (done: Done) => void;
  readonly failed: (error: unknown) => void;
}

/** What is awaited. */
export class Awaits {
  readonly #parts: AwaitsParts;
  readonly #waiters = new Map<number, Set<Waiter>>();
  /** Jobs whose `await` has no answer yet. */
  readonly #asked = new Set<number>();

  constructor(parts: AwaitsParts) {
    this.#parts = parts;
  }

  /** Waits until a job has ended. */
  wait(id: number, { signal, timeoutMs = Infinity }: CallOptions): Promise<Done> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const { clock, stay } = this.#parts;
      const over = (settle: () => void): void => {
        forget();
        cancel();
        signal?.removeEventListener("abort", abort);
        stay(false);
        settle();
      };
      const failed = (error: unknown): void => over(() => reject(error));
      const abort = (): void => failed(signal?.reason);
      const late = (): void => failed(new TimeoutError(`await ${id}`, timeoutMs, true));
      const cancel = timeoutMs === Infinity ? () => undefined : clock.after(timeoutMs, late);
      signal?.addEventListener("abort", abort, { once: true });
      stay(true);
      const forget = this.#add(id, { done: (what) => over(() => resolve(what)), failed });
    });
  }

  #add(id: number, waiter: Waiter): () => void {
    const known = this.#waiters.get(id);
    const waiters = known ?? new Set();
    waiters.add(waiter);
    if (known === undefined) {
      this.#waiters.set(id, waiters);
      this.#send(id, waiters);
    }
    return () => void waiters.delete(waiter);
  }

  /** A new connection is there. */
  again(): void {
    for (const [id, waiters] of this.#waiters) {
      if (this.#asked.has(id)) continue;
      if (waiters.size > 0) this.#send(id, waiters);
      else this.#waiters.delete(id);
    }
  }

  /** The push DONE. Throws a BadReplyError. */
  pushed({ args: [id = "", end = ""], body }: Reply): void {
    const done = { id: Number(id), end: endOf(end), body };
    const waiters = this.#waiters.get(done.id);
    this.#waiters.delete(done.id);
    for (const waiter of waiters ?? []) waiter.done(done);
  }

  /** Nothing is waited for any more. */
  stop(error: Error): void {
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) waiter.failed(error);
    }
  }

  #send(id: number, waiters: Set<Waiter>): void {
    this.#asked.add(id);
    this.#parts.ask(id).then(
      () => this.#asked.delete(id),
      (error: unknown) => {
        this.#asked.delete(id);
        if (this.#waiters.get(id) === waiters) this.#waiters.delete(id);
        for (const waiter of waiters) waiter.failed(error);
      },
    );
  }
}
