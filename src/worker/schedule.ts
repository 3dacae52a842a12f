/* Schedule: jobs that are enqueued again and again, as people set them and see them. How one is
 * kept in the queue is schedule-body.ts's.
 */
import type { Abortable } from "./enqueue-options.ts";
import type { AnyJob, InputOf } from "./job-definition.ts";
import type { ScheduleTimes } from "./moments.ts";

/** What is done when it is due, and the run before is still there. */
export type Overlap = "skip" | "wait" | "allow";

/** What is done about moments at which nobody was there. */
export type Missed = "once" | "skip" | "all";

/** What is enqueued, and when. */
export type ScheduleOptions<J extends AnyJob> = ScheduleTimes & {
  readonly job: J;
  readonly payload: InputOf<J>;
  /**
   * `"skip"`, if absent: there is no run while one is there; `"wait"`: it is enqueued and begins
   * when the one before is over; `"allow"`: they may run at the same time.
   */
  readonly overlap?: Overlap;
  /**
   * `"once"`, if absent: one run for all that were missed; `"skip"`: none for what is more than a
   * minute late; `"all"`: one for each.
   */
  readonly missed?: Missed;
};

/** What came of setting a schedule. */
export interface ScheduleSet {
  readonly state: "new" | "unchanged" | "replaced";
  /** When it is due next. */
  readonly next: Date;
}

/** A schedule, as it is. */
export interface Schedule {
  readonly name: string;
  readonly times: ScheduleTimes;
  /** The name of its job's definition. */
  readonly type: string | undefined;
  readonly tube: string;
  /** As it was set, not checked. */
  readonly payload: unknown;
  readonly overlap: Overlap;
  readonly missed: Missed;
  /** When it is due next. */
  readonly next: Date;
  /**
   * The job that is set aside and has the unique key of the job's own definition: because of it
   * there was no run the last time that one was due.
   */
  readonly blockedBy?: string;
}

/** The schedules of a queue. */
export interface Schedules {
  /**
   * Has a job enqueued again and again. Nothing changes if it is set so already, by whatever
   * process; if it was set otherwise, what it was is replaced, its next run too. Rejects with a
   * BadOptionError, an InvalidDataError, and an UnsupportedError (HM_NOT_SUPPORTED) where the back
   * end has no unique keys.
   */
  set<J extends AnyJob>(
    name: string,
    schedule: ScheduleOptions<J>,
    options?: Abortable,
  ): Promise<ScheduleSet>;
  /** Whether there was one. Runs that are enqueued already stay. */
  remove(name: string, options?: Abortable): Promise<boolean>;
  /** All that there are, by their names. */
  list(options?: Abortable): Promise<readonly Schedule[]>;
  /**
   * Enqueues what is due, until what it returns is closed. Workers do that, too: it is for programs
   * that have none.
   */
  keep(options?: { readonly troubled?: (error: unknown) => void }): SchedulesKept;
}

/** Schedules that are kept. */
export interface SchedulesKept extends AsyncDisposable {
  close(): Promise<void>;
  /** Resolves when it is closed; rejects when it cannot go on by itself. */
  readonly closed: Promise<void>;
}
