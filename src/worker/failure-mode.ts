/* FailureMode, SuccessMode: what becomes of a job after an attempt, as a job's definition says it.
 * The modes themselves are plain objects; anybody may write one.
 */

/** Why an attempt was told to stop. */
export type AbortCause = "cancelled" | "lease-lost" | "timed-out" | "shutting-down";

/** A job, as events and modes are told of it. */
export interface JobEvent {
  readonly id: string;
  readonly type: string;
  /** Which attempt it is, counted from 1. */
  readonly attempt: number;
}

/** An attempt that failed. */
export interface Failure {
  readonly error: unknown;
  readonly attempt: number;
  readonly job: JobEvent & { readonly tube: string };
  /** Why it was told to stop, if it was. */
  readonly abort?: AbortCause;
}

/** What is to become of the job. */
export type Verdict =
  | { readonly do: "retry"; readonly afterMillis: number }
  | { readonly do: "bury" }
  | { readonly do: "move"; readonly to: string }
  | { readonly do: "abandon" };

/** Says what becomes of a job whose attempt failed. */
export interface FailureMode {
  readonly name: string;
  decide(failure: Failure): Verdict | Promise<Verdict>;
}

/** A job that was done. */
export interface Success {
  readonly result: unknown;
  readonly job: JobEvent & { readonly tube: string };
  readonly enqueuedAt: Date;
  readonly startedAt: Date;
  readonly completedAt: Date;
}

/** Is told of a job that was done, and says how long its result is kept. */
export interface SuccessMode {
  readonly name: string;
  done?(success: Success): void | Promise<void>;
  readonly keepResultMillis?: number;
}
