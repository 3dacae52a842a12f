/* Attempt: one run of a job in a slot: the handler with its hooks, its time-out, and what tells it
 * to stop.
 *
 *   running -> settled -> over      the handler gave or threw something
 *   running -> aborted -> settled -> over
 *                  +----> settled (ignored) ... -> over      it did not stop in time
 *
 * Invariants: it settles once, at the latest `abortMillis` after it was told to stop; it is over
 * when the handler has ended, however late that is. One that runs in a room ends with that, which
 * is ended where it does not stop in time. Made by worker.ts.
 */
import type { Expiring } from "../client/deadlines.ts";
import { CancelledError } from "../client/errors.ts";
import type { Arrival } from "./arrival.ts";
import { Context } from "./context.ts";
import type { Surroundings } from "./context.ts";
import { whenDoomed } from "./doomed.ts";
import type { AbortCause } from "./failure-mode.ts";
import type { HandlerOutcome, Outcome } from "./outcome.ts";
import type { Room } from "./room.ts";
import { runHandler } from "./run-handler.ts";
import { readable } from "./serialized-error.ts";
import type { Slot } from "./slots.ts";
import type { AttemptOutcome, AttemptTelling } from "./telemetry.ts";
import { JobAbort, Reinitialise } from "./thrown.ts";
import type { Hooks } from "./worker-options.ts";

/** Who has the attempts. Called from a microtask or a timer, never while one is made. */
export interface AttemptOwner<State> {
  /** Called once, when it settles. */
  settled(attempt: Attempt<State>, outcome: Outcome): void;
  /** Called once, when its handler has ended; after `settled`. */
  over(attempt: Attempt<State>): void;
}

/** An attempt. */
export class Attempt<State> implements Expiring {
  readonly arrival: Arrival<State>;
  /** What it is run in. */
  readonly slot: Slot<State>;
  /** When it began, in milliseconds since 1970. */
  readonly startedAt: number;
  bucket: Expiring["bucket"];
  readonly #context: Context<State>;
  readonly #around: Surroundings;
  readonly #hooks: Hooks<State>;
  readonly #abortMillis: number;
  readonly #owner: AttemptOwner<State>;
  /** Where it is run, if not here. */
  readonly #room: Room | undefined;
  readonly #telling: AttemptTelling | undefined;
  #isIgnored = false;
  #isOver = false;
  #isSpent = false;

  constructor(
    arrival: Arrival<State>,
    slot: Slot<State>,
    around: Surroundings,
    { hooks, abortMillis }: { readonly hooks: Hooks<State>; readonly abortMillis: number },
    owner: AttemptOwner<State>,
  ) {
    const { state, room } = slot;
    this.arrival = arrival;
    this.slot = slot;
    this.startedAt = around.now();
    this.#room = room;
    this.#context = new Context(arrival, state, around);
    this.#telling = around.telling?.attempting(this.#context.job, arrival.envelope.hm);
    this.#around = around;
    this.#hooks = hooks;
    this.#abortMillis = abortMillis;
    this.#owner = owner;
    this.#watch();
    void this.#work();
  }

  /** Why it was told to stop, if it was. */
  get reason(): JobAbort | undefined {
    return this.#context.reason;
  }

  /** How long it may still hold up the event loop: until its time-out, and until it had to end. */
  get leftMillis(): number {
    const { timeoutMillis } = this.arrival.handler.job.settings;
    if (timeoutMillis === undefined) return Infinity;
    return this.startedAt + timeoutMillis + this.#abortMillis - this.#around.now();
  }

  /** What the handler said last of how far it is. */
  get progress(): unknown {
    return this.#context.newest;
  }

  /** Tells the handler to stop, unless it has ended; what tells it so first counts. */
  abort(why: AbortCause, cause?: unknown): void {
    if (this.#isOver || this.reason !== undefined) return;
    const reason = new JobAbort(why, { cause });
    this.#context.abort(reason);
    this.#room?.abort(reason);
    this.#giveTime(this.#abortMillis);
  }

  /** Tells what became of its job. */
  ended(fate: AttemptOutcome, outcome: Outcome): void {
    if (this.#telling === undefined) return;
    const error = "error" in outcome ? outcome.error : this.reason;
    this.#context.tellNext(fate === "done", error);
    this.#telling.ended(fate, error);
  }

  /** Called by its deadline: of the handler, or of one that was told to stop. */
  expire(): void {
    const { reason } = this;
    if (reason === undefined) return this.abort("timed-out");
    if (this.#room?.kill(reason) === true) return this.#giveTime(this.#abortMillis);
    this.#isIgnored = true;
    this.#owner.settled(this, { end: "ignored" });
  }

  /** Whether it was told to stop, and went on. */
  get isIgnored(): boolean {
    return this.#isIgnored;
  }

  /** Whether the state of its slot is of no use any more, once it is over. */
  get isSpent(): boolean {
    return this.#isSpent || this.#room?.isGone === true;
  }

  #watch(): void {
    const { held, lease, handler } = this.arrival;
    const { timeoutMillis } = handler.job.settings;
    whenDoomed(held, (reason) => {
      this.abort(reason instanceof CancelledError ? "cancelled" : "lease-lost", reason);
    });
    if (this.reason !== undefined) return;
    lease.onLost(() => this.abort("lease-lost"));
    if (timeoutMillis !== undefined) this.#giveTime(timeoutMillis);
  }

  async #work(): Promise<void> {
    const outcome = await this.#outcome();
    this.#isOver = true;
    this.#around.deadlines.remove(this);
    this.#context.end();
    if (!this.#isIgnored) this.#owner.settled(this, outcome);
    this.#owner.over(this);
  }

  #outcome(): Promise<HandlerOutcome> {
    if (this.reason !== undefined) return Promise.resolve({ end: "thrown", error: this.reason });
    return this.#telling?.run(() => this.#hooked()) ?? this.#hooked();
  }

  async #hooked(): Promise<HandlerOutcome> {
    const outcome = await (this.#room === undefined ? this.#here() : this.#there(this.#room));
    if (outcome.end === "unknown-version") return outcome;
    const error = outcome.end === "thrown" ? outcome.error : undefined;
    this.#isSpent = error instanceof Reinitialise;
    if (this.#hooks.after !== undefined) await this.#after(error);
    return outcome;
  }

  #here(): Promise<HandlerOutcome> {
    const { handler, envelope } = this.arrival;
    const context = this.#context;
    return runHandler(handler, envelope, context, () => this.#hooks.before?.(context));
  }

  async #there(room: Room): Promise<HandlerOutcome> {
    try {
      await this.#hooks.before?.(this.#context);
    } catch (error) {
      return { end: "thrown", error: readable(error) };
    }
    if (this.reason !== undefined) return { end: "thrown", error: this.reason };
    return room.run(this.arrival, this.#context);
  }

  async #after(error: unknown): Promise<void> {
    try {
      await this.#hooks.after?.(this.#context, error);
    } catch (thrown) {
      this.#around.troubled(readable(thrown));
    }
  }

  /** From now on it has so long, whatever it had. */
  #giveTime(millis: number): void {
    const { deadlines } = this.#around;
    deadlines.remove(this);
    deadlines.add(this, millis);
  }
}
