/* Errors of a queue for tests. */
import { HomemakerError } from "../protocol/homemaker-error.ts";

/** What a test asserted is not so. */
export class AssertionError extends HomemakerError {
  override readonly name = "AssertionError";
  readonly code = "HM_ASSERTION";
}

/** A job that was run inline was given back with no attempt counted: it snoozed, for instance. */
export class HandedBackError extends HomemakerError {
  override readonly name = "HandedBackError";
  readonly code = "HM_HANDED_BACK";
  /** How long it was to wait. */
  readonly afterMillis: number;

  constructor(why: string, afterMillis: number) {
    super(why);
    this.afterMillis = afterMillis;
  }
}
