/* Job end: what becomes of a job after an attempt: done, tried again, set aside, moved, removed, or
 * given back as if nothing had been.
 *
 * Invariants: each job is ended once, or is lost with its lease. What the back end refuses for want
 * of room costs no attempt: the job is given back, and waits longer each time. Whatever a failure
 * mode throws, the job is ended. Used by worker.ts.
 */
import { asError } from "../client/errors.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";
import type { Arrival } from "./arrival.ts";
import type { Attempt } from "./attempt.ts";
import type { HeldJob } from "./backend.ts";
import type { Deferrals } from "./deferrals.ts";
import { FAILURE_MODE_DEFAULT } from "./failure-modes.ts";
import type { AbortCause, Failure, SuccessMode, Verdict } from "./failure-mode.ts";
import type { Logger } from "./logger.ts";
import type { Outcome } from "./outcome.ts";
import { encodeFailure, serializeError } from "./serialized-error.ts";
import type { AttemptOutcome } from "./telemetry.ts";
import { RetryLater, Snooze } from "./thrown.ts";
import type { Listeners } from "./worker-events.ts";

/** What became of it: ended by this attempt, as one that is done or has failed, or not ended. */
export type Fate = AttemptOutcome;

/** What ends of jobs need of the worker. */
export interface EndSurroundings {
  readonly deferrals: Deferrals;
  readonly listeners: Listeners;
  readonly logger: Logger;
  readonly now: () => number;
}

type Done = Extract<Outcome, { readonly end: "done" }>;

/** How many types that nobody here runs are told of: names come from bodies. */
const UNKNOWN_MAX = 100;
/**
 * A job may end later, not now: the back end has no room for what follows from it, or is away and
 * was not told anything.
 */
const BUSY = new Set([
  "HM_DRAINING",
  "HM_TUBE_FULL",
  "HM_OUT_OF_MEMORY",
  "HM_UNREACHABLE",
  "HM_NOT_SENT",
]);

/** Ends jobs. */
export class JobEnds {
  readonly #around: EndSurroundings;
  /** Types that nobody here runs, as far as that was said. */
  readonly #unknown = new Set<string>();

  constructor(around: EndSurroundings) {
    this.#around = around;
  }

  /** Ends the job of an attempt that has settled. Never rejects. */
  end<State>(attempt: Attempt<State>, outcome: Outcome): Promise<Fate> {
    const { arrival, reason } = attempt;
    const { held, event } = arrival;
    if (!held.isHeld) return Promise.resolve(this.#lost(arrival));
    // What comes after the time-out is too late, also from a handler that did not mind being told.
    const isLate = reason?.why === "timed-out";
    if (outcome.end === "done" && !isLate) return this.#complete(attempt, outcome);
    if (outcome.end === "unknown-version") {
      return this.defer(held, event.type, outcome.error.message);
    }
    if (reason?.why === "cancelled") return this.#cancelled(arrival);
    if (reason?.why === "shutting-down") return this.handBack(held, event.type, reason.message, 0);
    const error = outcome.end === "thrown" ? outcome.error : reason;
    if (error instanceof Snooze) {
      return this.handBack(held, event.type, error.message, error.afterMillis);
    }
    return this.failed(arrival, error, event.attempt, reason?.why);
  }

  /** Ends a job that failed as its failure mode says. `attempt` is the one that failed. */
  async failed<State>(
    arrival: Arrival<State>,
    error: unknown,
    attempt: number,
    abort?: AbortCause,
  ): Promise<Fate> {
    const job = arrival.event;
    const failure = { error, attempt, job, ...(abort !== undefined && { abort }) };
    return this.carryOut(arrival, await this.verdict(arrival, failure), failure);
  }

  /** Does with a job what a failure mode said. Never rejects. */
  carryOut<State>(
    arrival: Arrival<State>,
    verdict: Verdict,
    { error, attempt }: Failure,
  ): Promise<Fate> {
    const { held, event } = arrival;
    return this.#ending(arrival, "failed", async () => {
      await carriedOut(held, verdict, encodeFailure(serializeError(error)));
      const { logger, listeners } = this.#around;
      const { id, type } = event;
      logger.warn({ job: id, type, attempt, err: error, verdict: verdict.do }, "an attempt failed");
      listeners.tell("failure", { ...event, attempt, error, verdict: verdict.do });
    });
  }

  /** What its failure mode says; that of jobs without one if it throws. */
  async verdict<State>({ handler }: Arrival<State>, failure: Failure): Promise<Verdict> {
    const { error } = failure;
    if (error instanceof RetryLater) return { do: "retry", afterMillis: error.afterMillis };
    try {
      return await (handler.job.settings.onFailure ?? FAILURE_MODE_DEFAULT).decide(failure);
    } catch (thrown) {
      this.#around.logger.error({ err: thrown, job: failure.job.id }, "a failure mode threw");
      return FAILURE_MODE_DEFAULT.decide({ ...failure, error: thrown });
    }
  }

  /** Gives a job back that another worker may know. Each type is said once: it comes again. */
  deferUnknown(held: HeldJob, type: string): Promise<Fate> {
    const { id: job, tube } = held;
    const why = "this worker does not know its type";
    if (!this.#unknown.has(type) && this.#unknown.size < UNKNOWN_MAX) {
      this.#unknown.add(type);
      this.#around.logger.warn({ job, type, tube }, `a job is given back: ${why}`);
    }
    return this.defer(held, type, why);
  }

  /** Gives a job back with no attempt counted; it comes later each time. */
  defer(held: HeldJob, type: string, why: string): Promise<Fate> {
    return this.handBack(held, type, why, this.#around.deferrals.afterMillis(held.id));
  }

  /** Gives a job back with no attempt counted. Never rejects. */
  async handBack(held: HeldJob, type: string, why: string, afterMillis: number): Promise<Fate> {
    try {
      await held.handBack({ afterMillis });
      const { id, attempt } = held;
      this.#around.listeners.tell("handedBack", { id, type, attempt, why, afterMillis });
      return "handed-back";
    } catch (error) {
      // Nothing more can be done from here: it is lost already, or will be with its lease.
      this.#around.logger.warn({ err: error, job: held.id, type }, "could not be handed back");
      return "lost";
    }
  }

  async #complete<State>(attempt: Attempt<State>, outcome: Done): Promise<Fate> {
    const { arrival } = attempt;
    const { held, event, handler } = arrival;
    const { result, next } = outcome;
    const keepMillis = handler.job.settings.onSuccess?.keepResultMillis;
    try {
      await held.complete({ next, result, ...(keepMillis !== undefined && { keepMillis }) });
    } catch (error) {
      if (!held.isHeld) return this.#lost(arrival);
      if (isBusy(error)) return this.defer(held, event.type, error.message);
      return this.failed(arrival, error, event.attempt);
    }
    this.#around.deferrals.forget(held.id);
    this.#around.listeners.tell("success", { ...event, result: outcome.returned });
    const mode = handler.job.settings.onSuccess;
    if (mode?.done !== undefined) await this.#tell(mode, attempt, outcome.returned);
    return "done";
  }

  async #tell<State>(mode: SuccessMode, attempt: Attempt<State>, result: unknown): Promise<void> {
    const { arrival, startedAt } = attempt;
    const { event, envelope } = arrival;
    try {
      await mode.done?.({
        result,
        job: event,
        enqueuedAt: new Date(envelope.hm.at ?? startedAt),
        startedAt: new Date(startedAt),
        completedAt: new Date(this.#around.now()),
      });
    } catch (error) {
      this.#around.logger.error({ err: error, job: event.id }, "a success mode threw");
    }
  }

  #cancelled<State>(arrival: Arrival<State>): Promise<Fate> {
    return this.#ending(arrival, "cancelled", async () => {
      await arrival.held.handBack(); // it is gone as soon as nobody holds it
      this.#around.listeners.tell("cancelled", arrival.event);
    });
  }

  async #ending<State>(
    arrival: Arrival<State>,
    fate: Fate,
    run: () => Promise<void>,
  ): Promise<Fate> {
    const { held, event } = arrival;
    try {
      await run();
      this.#around.deferrals.forget(held.id);
      return fate;
    } catch (error) {
      if (!held.isHeld) return this.#lost(arrival);
      return this.defer(held, event.type, asError(error).message);
    }
  }

  #lost<State>({ event, held }: Arrival<State>): Fate {
    const { id, type, attempt } = event;
    const reason: unknown = held.signal.reason;
    this.#around.logger.warn({ job: id, type, attempt, err: reason }, "lease lost");
    this.#around.listeners.tell("leaseLost", { ...event, reason });
    return "lost";
  }
}

function carriedOut(held: HeldJob, verdict: Verdict, failure: Uint8Array): Promise<void> {
  if (verdict.do === "retry") return held.release({ afterMillis: verdict.afterMillis, failure });
  if (verdict.do === "move") return held.moveTo(verdict.to, { failure });
  return verdict.do === "bury" ? held.bury({ failure }) : held.discard();
}

function isBusy(error: unknown): error is HomemakerError {
  return error instanceof HomemakerError && BUSY.has(error.code);
}
