/* WorkerStatus: what a worker is up to; StopReport: what became of its jobs when it stopped. */

/** What a worker is up to. */
export interface WorkerStatus {
  /** Whether `run` was called, and `stop`. */
  readonly standing: "new" | "running" | "stopping" | "stopped";
  /** How many jobs it can run at a time now. */
  readonly slots: number;
  /** Slots whose state is still being made. */
  readonly initialising: number;
  readonly isSuspended: boolean;
  /** The tubes that it takes jobs from. */
  readonly tubes: readonly string[];
  readonly busy: readonly {
    readonly id: string;
    readonly type: string;
    readonly progress?: unknown;
  }[];
}

/** What became of jobs since the worker was told to stop. */
export interface StopReport {
  /** Jobs that ran to their end. */
  readonly finished: number;
  /** Jobs given back with no attempt counted: they had not begun, or stopped when told to. */
  readonly handedBack: number;
  /** Jobs given back whose handlers went on though they were told to stop. */
  readonly abandoned: number;
}
