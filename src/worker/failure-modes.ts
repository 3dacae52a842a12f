/* Failure modes, success modes: those that come with the framework. Anybody may write others: they
 * are plain objects (failure-mode.ts).
 */
import { isTubeNameText, TUBE_NAME_RULE } from "../protocol/tube-name.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { BadOptionError } from "./errors.ts";
import type { Failure, FailureMode, SuccessMode, Verdict } from "./failure-mode.ts";
import { Discard } from "./thrown.ts";

/** How long to wait before the next attempt, in milliseconds; `attempt` failed, counted from 1. */
export type Backoff = (attempt: number, error: unknown) => number;

/** How a failed job is tried again. */
export interface RetryOptions {
  /** Attempts at most, the first one included; may be Infinity. */
  readonly attempts: number;
  /** From a second to an hour, doubled each time, with jitter, if absent. */
  readonly backoff?: Backoff;
  /** What becomes of a job that failed at its last attempt; it is buried if absent. */
  readonly atLast?: FailureMode;
}

/** How waits grow. */
export interface ExponentialOptions {
  readonly base: Duration;
  readonly max: Duration;
  /** What chance takes away: nothing, up to all, or up to half. All if absent. */
  readonly jitter?: "none" | "full" | "equal";
  /** From 0 up to 1; for tests. */
  readonly random?: () => number;
}

const DOUBLINGS_MAX = 50;

/** Waits that double with each attempt, up to a limit. Throws a BadOptionError. */
export function exponential(options: ExponentialOptions): Backoff {
  const { jitter = "full", random = Math.random } = options;
  const base = millisOf("exponential: base", options.base);
  const most = millisOf("exponential: max", options.max);
  const part = { none: 0, full: 1, equal: 0.5 }[jitter];
  return (attempt) => {
    const whole = Math.min(most, base * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX));
    return whole * (1 - part * random());
  };
}

/** The job is tried again, up to so many attempts. Throws a BadOptionError. */
export function retry({ attempts, backoff = BACKOFF, atLast = bury() }: RetryOptions): FailureMode {
  const isCount = Number.isInteger(attempts) || attempts === Infinity;
  if (!isCount || attempts < 1) {
    throw new BadOptionError(`retry: attempts: ${attempts} is no whole number above 0`);
  }
  return {
    name: "retry",
    decide(failure: Failure): Verdict | Promise<Verdict> {
      const { error, attempt } = failure;
      if (error instanceof Discard || attempt >= attempts) return atLast.decide(failure);
      return { do: "retry", afterMillis: backoff(attempt, error) };
    },
  };
}

/** The job is set aside, with its error. */
export function bury(): FailureMode {
  return { name: "bury", decide: () => ({ do: "bury" }) };
}

/**
 * The job goes to another tube, with its id, its attempts and their errors. Throws a
 * BadOptionError.
 */
export function moveTo(tube: string): FailureMode {
  if (!isTubeNameText(tube)) {
    throw new BadOptionError(`moveTo: ${JSON.stringify(tube)} is no tube; ${TUBE_NAME_RULE}`);
  }
  return { name: "moveTo", decide: () => ({ do: "move", to: tube }) };
}

/** The job is removed. */
export function abandon(): FailureMode {
  return { name: "abandon", decide: () => ({ do: "abandon" }) };
}

/** Results are kept for so long. Throws a BadOptionError. */
export function keepResult(how: Duration): SuccessMode {
  return { name: "keepResult", keepResultMillis: millisOf("keepResult", how) };
}

const BACKOFF = exponential({ base: "1s", max: "1h" });

/** What becomes of jobs whose definition does not say. */
export const FAILURE_MODE_DEFAULT = retry({ attempts: 5 });
