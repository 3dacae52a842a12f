/* Thrown: what a handler throws to say what becomes of its job, and the errors that it, and the
 * failure mode of its job, are given.
 *
 * A class that is thrown works through any depth of the handler's own code; what is returned is
 * lost where somebody forgets to return it.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import type { AbortCause } from "./failure-mode.ts";

/** Not now: the job comes again after that time, and no attempt is counted. */
export class Snooze extends HomemakerError {
  override readonly name = "Snooze";
  readonly code = "HM_SNOOZE";
  readonly afterMillis: number;

  constructor(after: Duration) {
    const afterMillis = millisOf("Snooze", after);
    super(`not now, but in ${afterMillis} ms`);
    this.afterMillis = afterMillis;
  }
}

/** This attempt failed; the next one comes after that time, whatever the failure mode says. */
export class RetryLater extends HomemakerError {
  override readonly name = "RetryLater";
  readonly code = "HM_RETRY_LATER";
  readonly afterMillis: number;

  constructor(after: Duration, options?: ErrorOptions) {
    const afterMillis = millisOf("RetryLater", after);
    super(`to be tried again in ${afterMillis} ms`, options);
    this.afterMillis = afterMillis;
  }
}

/** No attempt can do it: the job goes where its failure mode has jobs end. */
export class Discard extends HomemakerError {
  override readonly name = "Discard";
  readonly code = "HM_DISCARD";
}

/**
 * This attempt failed, and the state of its slot is of no use any more: it is disposed of, and made
 * anew before the slot runs another job.
 */
export class Reinitialise extends HomemakerError {
  override readonly name = "Reinitialise";
  readonly code = "HM_REINITIALISE";
}

const SAID: Readonly<Record<AbortCause, string>> = {
  cancelled: "the job was cancelled",
  "lease-lost": "the job is not held any more: somebody else may run it",
  "timed-out": "the attempt took longer than it may",
  "shutting-down": "the worker stops",
};

/** Why a handler is told to stop: the reason of its signal. */
export class JobAbort extends HomemakerError {
  override readonly name = "JobAbort";
  readonly code = "HM_JOB_ABORT";
  readonly why: AbortCause;

  constructor(why: AbortCause, options?: ErrorOptions) {
    super(SAID[why], options);
    this.why = why;
  }
}

/** A handler that was told to stop went on, and its thread or process was ended with it. */
export class HandlerKilled extends HomemakerError {
  override readonly name = "HandlerKilled";
  readonly code = "HM_HANDLER_KILLED";
  /** Why it had been told to stop. */
  readonly why: AbortCause;

  constructor(where: "thread" | "process", cause: JobAbort) {
    super(`the handler did not stop when it was told to, and its ${where} was ended`, { cause });
    this.why = cause.why;
  }
}

/** The thread or process that ran a handler ended by itself: that is one failed attempt. */
export class HandlerDied extends HomemakerError {
  override readonly name = "HandlerDied";
  readonly code = "HM_HANDLER_DIED";

  /**
   * @param how how it ended: `exit code 3`
   * @param options `cause` is what was thrown there and not caught, if that is known
   */
  constructor(where: "thread" | "process", how: string, options?: ErrorOptions) {
    super(`the ${where} that ran the handler ended by itself: ${how}`, options);
  }
}

/** Attempts ended without a word: their workers died, or did not renew their leases. */
export class WorkerDied extends HomemakerError {
  override readonly name = "WorkerDied";
  readonly code = "HM_WORKER_DIED";
  /** How many attempts ended so, one after the other, the newest included. */
  readonly times: number;

  /** @param last how the newest one ended, for its message */
  constructor(times: number, last: string) {
    super(`the worker that ran the job was gone without a word, ${times} in a row; last: ${last}`);
    this.times = times;
  }
}
