/* JobStatus: a job as whoever asks the queue sees it: in the words of those who write jobs. */
import type { FailureEnd } from "./backend.ts";
import type { SerializedError } from "./serialized-error.ts";

/**
 * Where a job is in its life:
 *
 *   available   it may run now
 *   scheduled   its time has not come
 *   retryable   an attempt failed, and the next one's time has not come
 *   active      a worker has it
 *   completed   it is done, and its result is kept
 *   discarded   it is set aside, and runs again only if somebody says so
 */
export type JobState =
  | "available"
  | "scheduled"
  | "retryable"
  | "active"
  | "completed"
  | "discarded";

/** An attempt that ended without the job being done. */
export interface AttemptFailure {
  readonly attempt: number;
  readonly at: Date;
  readonly who: string;
  readonly end: FailureEnd;
  readonly error?: SerializedError;
}

/** A job. */
export interface JobStatus {
  readonly id: string;
  /** The name of its definition; undefined if some other program made it, or it is completed. */
  readonly type: string | undefined;
  /** Undefined if it is completed. */
  readonly tube: string | undefined;
  readonly state: JobState;
  /** Attempts begun so far; undefined if it is completed. */
  readonly attempt: number | undefined;
  readonly priority?: number;
  /** As it was enqueued, not checked. */
  readonly payload?: unknown;
  readonly enqueuedAt?: Date;
  /** When it may run, if its time has not come. */
  readonly runAt?: Date;
  /** A worker has it, and was told to stop. */
  readonly isCancelled: boolean;
  readonly failures: readonly AttemptFailure[];
  /** What its worker said last of how far it is. */
  readonly progress?: unknown;
}

/** Which jobs are listed. */
export interface JobFilter {
  readonly tube: string;
  /** All but completed ones if absent. */
  readonly state?: Exclude<JobState, "completed">;
  /** Of this type only. */
  readonly type?: string;
  where?(job: JobStatus): boolean;
  readonly signal?: AbortSignal;
}
