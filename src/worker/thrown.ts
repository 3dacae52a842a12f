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
