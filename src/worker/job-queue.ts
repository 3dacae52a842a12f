/* JobQueue: what people hold: jobs go in, what became of them comes out. Made by queue.ts. */
import type { Cancelled, Capabilities, QueueBackend, QueueStats } from "./backend.ts";
import type { Duration } from "./duration.ts";
import type { Abortable, EnqueueOptions } from "./enqueue-options.ts";
import type { AnyJob, InputOf, ResultOf } from "./job-definition.ts";
import type { JobFilter, JobStatus } from "./job-status.ts";
import type { Logger } from "./logger.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Time } from "./time.ts";
import type { Schedules } from "./schedule.ts";

/** How long is waited for the end of a job. */
export interface ResultOptions extends Abortable {
  /** A minute if absent; the job goes on all the same. */
  readonly timeout?: Duration;
}

/** A job that was enqueued. */
export interface Enqueued<J extends AnyJob> {
  readonly id: string;
  /**
   * Whether it is a new one, or one that was there with the same unique key; or it waits in the
   * spool, and the queue finds out when that delivers it.
   */
  readonly state: "new" | "already-there" | "spooled";
  /** Waits for what comes of it, as `queue.result` does. */
  result(options?: ResultOptions): Promise<ResultOf<J>>;
}

/** A queue of jobs. */
export interface JobQueue extends AsyncDisposable {
  /** What it can do, which depends on what keeps its jobs. */
  readonly can: Capabilities;
  readonly backend: QueueBackend;
  /** What time it is for it, and for its workers unless they are told otherwise. */
  readonly time: Time;
  /** Who is told of what is enqueued here, and of what its workers run. */
  readonly telemetry: readonly Telemetry[];
  /** Told what an operator should know; its workers', too, unless they have one of their own. */
  readonly logger: Logger | undefined;
  /** Jobs that are enqueued again and again. */
  readonly schedules: Schedules;

  /** Resolves when the job is as safe as the back end promises. */
  enqueue<J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    options?: EnqueueOptions,
  ): Promise<Enqueued<J>>;

  /**
   * Enqueues many. If a payload is wrong none is enqueued; rejects with a PartlyEnqueuedError when
   * the back end did not take all.
   */
  enqueueMany<J extends AnyJob>(
    job: J,
    payloads: readonly InputOf<J>[],
    options?: EnqueueOptions,
  ): Promise<readonly Enqueued<J>[]>;

  /** Enqueues a job and waits for its result. */
  call<J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    options?: EnqueueOptions & ResultOptions,
  ): Promise<ResultOf<J>>;

  /**
   * Waits for the end of a job that somebody enqueued, maybe long ago. Rejects with a
   * JobFailedError, a JobCancelledError, a JobNotFoundError, or a TimeoutError (HM_TIMEOUT).
   */
  result<J extends AnyJob>(job: J, id: string, options?: ResultOptions): Promise<ResultOf<J>>;

  /** Undefined if there is no such job, nor a result of it that is kept. */
  status(id: string, options?: Abortable): Promise<JobStatus | undefined>;

  /** What the worker said last of how far the job is. */
  progress(id: string, options?: Abortable): Promise<unknown>;

  /** Removes a job, or has its worker told to stop. */
  cancel(id: string, options?: Abortable): Promise<Cancelled>;

  /** The jobs of a tube, as they are when they are looked at. */
  jobs(filter: JobFilter): AsyncIterable<JobStatus>;

  /** Moves a job that nobody runs to another tube. False if there is no such job. */
  move(id: string, tube: string, options?: Abortable): Promise<boolean>;

  /**
   * A job that is set aside is tried again; one whose time has not come runs at once. False if
   * there is no such job.
   */
  retry(id: string, options?: Abortable): Promise<boolean>;

  /**
   * Has the jobs of a tube that are set aside tried again, or those of them that the filter names;
   * resolves with how many.
   */
  retryAll(filter: Omit<JobFilter, "state">): Promise<number>;

  /** No worker gets jobs of the tube until it is resumed, or this queue is closed. */
  pause(tube: string, options?: Abortable): Promise<void>;
  resume(tube: string, options?: Abortable): Promise<void>;

  /** Of one tube, or of all. */
  stats(tube?: string, options?: Abortable): Promise<QueueStats>;

  /** Ends it: what is under way is waited for, and jobs that consumers hold go back. */
  close(): Promise<void>;
}
