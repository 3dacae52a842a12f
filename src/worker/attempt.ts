/* Attempt: one run of a job in a slot: the handler with its hooks, its time-out, and what tells it
 * to stop.
 *
 *   running -> settled -> over      the handler gave or threw something
 *   running -> aborted -> settled -> over
 *                  +----> settled (ignored) ... -> over      it did not stop in time
 *
 * Invariants: it settles once, at the latest `abortMillis` after it was told to stop; it is over
 * when the handler has ended, however late that is. Made by worker.ts.
 */
import type { Expiring } from "../client/deadlines.ts";
import { CancelledError } from "../client/errors.ts";
import type { Arrival } from "./arrival.ts";
import type { RawJob } from "./backend.ts";
import { Context } from "./context.ts";
import type { Surroundings } from "./context.ts";
import { JobVersionError } from "./errors.ts";
import type { AbortCause } from "./failure-mode.ts";
import { JobAbort } from "./thrown.ts";
import type { Hooks } from "./worker-options.ts";

/** What came of the handler. */
export type Outcome =
  | {
      readonly end: "done";
      readonly returned: unknown;
      readonly result: Uint8Array;
      readonly next: readonly RawJob[];
    }
  | { readonly end: "thrown"; readonly error: unknown }
  /** Its payload is of a version that this program does not know. */
  | { readonly end: "unknown-version"; readonly error: JobVersionError }
  /** It was told to stop, and goes on. */
  | { readonly end: "ignored" };

/** An attempt. */
export class Attempt<State> implements Expiring {
  readonly arrival: Arrival<State>;
  readonly settled: Promise<Outcome>;
  /** Resolves when the handler has ended. */
  readonly over: Promise<void>;
  /** When it began, in milliseconds since 1970. */
  readonly startedAt: number;
  bucket: Expiring["bucket"];
  readonly #context: Context<State>;
  readonly #around: Surroundings;
  readonly #hooks: Hooks<State>;
  readonly #abortMillis: number;
  readonly #settle: (outcome: Outcome) => void;
  #isIgnored = false;
  #isOver = false;

  constructor(
    arrival: Arrival<State>,
    state: State,
    around: Surroundings,
    { hooks, abortMillis }: { readonly hooks: Hooks<State>; readonly abortMillis: number },
  ) {
    this.arrival = arrival;
    this.startedAt = around.now();
    this.#context = new Context(arrival, state, around);
    this.#around = around;
    this.#hooks = hooks;
    this.#abortMillis = abortMillis;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.settled = promise;
    this.#settle = resolve;
    this.#watch();
    this.over = this.#work();
  }

  /** Why it was told to stop, if it was. */
  get reason(): JobAbort | undefined {
    return this.#context.reason;
  }

  /** What the handler said last of how far it is. */
  get progress(): unknown {
    return this.#context.newest;
  }

  /** Tells the handler to stop, unless it has ended; what tells it so first counts. */
  abort(why: AbortCause, cause?: unknown): void {
    if (this.#isOver || this.reason !== undefined) return;
    this.#context.abort(new JobAbort(why, { cause }));
    this.#giveTime(this.#abortMillis);
  }

  /** Called by its deadline: of the handler, or of one that was told to stop. */
  expire(): void {
    if (this.reason === undefined) return this.abort("timed-out");
    this.#isIgnored = true;
    this.#settle({ end: "ignored" });
  }

  /** Whether it was told to stop, and went on. */
  get isIgnored(): boolean {
    return this.#isIgnored;
  }

  #watch(): void {
    const { held, lease, handler } = this.arrival;
    const { timeoutMillis } = handler.job.settings;
    const { signal } = held;
    const stop = (): void => {
      const isCancelled = signal.reason instanceof CancelledError;
      this.abort(isCancelled ? "cancelled" : "lease-lost", signal.reason);
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop);
    lease.onLost(() => this.abort("lease-lost"));
    if (timeoutMillis !== undefined) this.#giveTime(timeoutMillis);
  }

  async #work(): Promise<void> {
    const outcome = await this.#outcome();
    this.#isOver = true;
    this.#around.deadlines.remove(this);
    this.#context.end();
    this.#settle(outcome);
  }

  async #outcome(): Promise<Outcome> {
    const { handler, envelope } = this.arrival;
    if (this.reason !== undefined) return { end: "thrown", error: this.reason };
    let payload: unknown;
    try {
      payload = await handler.job.payloadOf(envelope);
    } catch (error) {
      if (error instanceof JobVersionError) return { end: "unknown-version", error };
      return { end: "thrown", error };
    }
    if (this.reason !== undefined) return { end: "thrown", error: this.reason };
    const outcome = await this.#run(payload);
    await this.#after(outcome);
    return outcome;
  }

  async #run(payload: unknown): Promise<Outcome> {
    const { handler } = this.arrival;
    const context = this.#context;
    try {
      if (this.#hooks.before !== undefined) await this.#hooks.before(context);
      const returned = await handler.run(payload, context);
      const result = await handler.job.encodeResult(returned);
      return { end: "done", returned, result, next: await context.next() };
    } catch (error) {
      return { end: "thrown", error };
    }
  }

  async #after(outcome: Outcome): Promise<void> {
    try {
      const error = outcome.end === "thrown" ? outcome.error : undefined;
      await this.#hooks.after?.(this.#context, error);
    } catch (error) {
      this.#around.troubled(error);
    }
  }

  /** From now on it has so long, whatever it had. */
  #giveTime(millis: number): void {
    const { deadlines } = this.#around;
    deadlines.remove(this);
    deadlines.add(this, millis);
  }
}
