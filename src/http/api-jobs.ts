/* API of jobs: the shape of what travels about one job, many of them, and why they failed (api.ts
 * has what holds for all).
 */

/** The states that a job can be in. */
export type JobState = "ready" | "reserved" | "delayed" | "buried";

/** Bytes of a user, perhaps only their beginning. */
export interface Bytes {
  readonly base64: string;
  /** false when it is only the beginning. */
  readonly isWhole: boolean;
}

/** A job in a list. */
export interface JobSummary {
  readonly id: number;
  readonly tube: string;
  readonly state: JobState;
  readonly pri: number;
  readonly ageSeconds: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  /** Until the delay or the time to run is over; 0 in other states. */
  readonly leftSeconds: number;
  /** Size of the body. */
  readonly bytes: number;
  readonly reserves: number;
  readonly timeouts: number;
  readonly releases: number;
  readonly buries: number;
  readonly kicks: number;
  /** Attempts that ended without a delete. */
  readonly failures: number;
  readonly preview: Bytes;
  /** Of a buried job the latest failure, if it is kept. */
  readonly failure: LatestFailureSummary | null;
}

/** Why a job is buried, in short. */
export interface LatestFailureSummary {
  /** The line of the newest message that says what went wrong; "" when there is none. */
  readonly headlineBase64: string;
  /** Seconds since 1970 of the latest failure, which is when the job was buried. */
  readonly at: number;
}

/**
 * GET /tubes/NAME/jobs?state=&after=&limit=&filter=&group=&order=; `group` is the key of a group of
 * failures; `order=newest`, of buried jobs, begins with the one that was buried last, and then
 * `after` is how many of these to pass over.
 */
export interface JobsAnswer {
  readonly jobs: readonly JobSummary[];
  /** The `after` of the next page; null at the end. */
  readonly next: number | null;
  /** Jobs that were looked at to find these. */
  readonly scanned: number;
}

/** How an attempt ended. */
export type FailureEnd =
  | "buried"
  | "released"
  | "timed-out"
  | "connection-lost"
  | "expired"
  | "exhausted"
  | "moved";

/** One attempt that ended without a delete. */
export interface Failure {
  /** The how-manieth reserve of the job it was; 1 is the first. */
  readonly attempt: number;
  /** Seconds since 1970, with a fraction. */
  readonly at: number;
  /** Address and name of who held the job; "" when nobody can say. */
  readonly who: string;
  readonly end: FailureEnd;
  /** What the holder said; "" when nothing. */
  readonly messageBase64: string;
  /** Of an error of the worker framework its stack and its causes, laid out; "" of all others. */
  readonly errorBase64: string;
}

/** GET /jobs/ID: as in a list, with everything that is kept of it. */
export interface JobAnswer extends Omit<JobSummary, "failures" | "preview" | "failure"> {
  /** When it was put, in seconds since 1970. */
  readonly putAt: number;
  /** Since it was reserved; 0 in other states. */
  readonly heldSeconds: number;
  /** Who holds it; null when nobody does, or it cannot be told. */
  readonly holder: JobHolder | null;
  /** Attempts that ended without a delete. */
  readonly failureCount: number;
  /** Those of them that are kept, newest last. */
  readonly failures: readonly Failure[];
  /** It is held, and gone as soon as that attempt ends. */
  readonly isCancelled: boolean;
  /** What its put was tagged with, word by word. */
  readonly tags: readonly string[];
  /** What its worker said last of how far it is; null if nothing. */
  readonly progress: Bytes | null;
  /** At most 64 KiB of the body. */
  readonly body: Bytes;
}

/** GET /jobs/ID/result: what a finished job left behind. */
export interface ResultAnswer {
  readonly id: number;
  /** Bytes of the result. */
  readonly bytes: number;
  /** At most 64 KiB of it. */
  readonly result: Bytes;
}

/** GET /jobs/ID/explanation: why it stands where it does. */
export interface ExplanationAnswer {
  /** One line for people. */
  readonly why: string;
  /** One word of those that `explain` has. */
  readonly reason: string;
  readonly state: JobState;
  readonly tube: string;
  /** Ready jobs that come before it, 0 unless it is ready; at least so many if not whole. */
  readonly before: number;
  readonly isBeforeWhole: boolean;
  /** Until its delay or its time to run is over; 0 in other states. */
  readonly leftSeconds: number;
  /** Address and name of who holds it; "" when nobody does, or it cannot be told. */
  readonly holder: string;
  /** 0 when its tube is not paused. */
  readonly pauseLeftSeconds: number;
  /** What is set for its tube, "" when it is not; and when that lets the next job go. */
  readonly rate: string;
  readonly rateLeftSeconds: number;
  readonly reservedMax: string;
  /** Jobs of its tube that are held. */
  readonly reserved: number;
  /** Its concurrency key; null without one. */
  readonly key: {
    readonly name: string;
    readonly limit: number;
    readonly held: number;
    /** Of a ready job whose key is at its limit: some that hold it. */
    readonly jobs: readonly number[];
  } | null;
  /** The group of its tag `aft`, "" without one; and the jobs in it while it waits for them. */
  readonly afterGroup: string;
  readonly pending: number;
  /** Connections that watch its tube, and those of them that wait for a job. */
  readonly watching: number;
  readonly waiting: number;
  readonly isCancelled: boolean;
  readonly isDraining: boolean;
}

/** Who holds a job. */
export interface JobHolder {
  /** Of the connection. */
  readonly id: string;
  /** Its address; "" when nobody can say. */
  readonly peer: string;
  /** What its client calls itself, and where it runs; "" if it has not said. */
  readonly name: string;
  readonly host: string;
}

/** POST /jobs/ID/update. */
export interface UpdateRequest {
  readonly pri: number;
  /** Above 0: ready or delayed, it becomes delayed; 0: ready. If absent, its state stays. */
  readonly delaySeconds?: number;
}

/** POST /jobs/ID/move. */
export interface MoveRequest {
  readonly tube: string;
}

/** What can be done to many jobs. */
export type BulkAction = "kick" | "delete" | "cancel" | "move" | "update";

/** POST /bulk. */
export interface BulkRequest {
  readonly action: BulkAction;
  readonly tube: string;
  readonly state: JobState;
  /** Text that must occur in the body or the latest failure; "" or absent takes all. */
  readonly filter?: string;
  /** Key of a group that the latest failure must belong to; if absent, any group does. */
  readonly group?: string;
  /** Where `move` moves them to. */
  readonly to?: string;
  /** The priority that `update` gives them. */
  readonly pri?: number;
  /** Only count; false if absent. */
  readonly dryRun?: boolean;
  /** Only jobs with ids above it; 0 if absent. */
  readonly after?: number;
  /** Only jobs with ids up to it; if absent, all. */
  readonly upTo?: number;
  /** Most jobs to look at; all if absent. */
  readonly limit?: number;
}

/** Answer of POST /bulk. */
export interface BulkAnswer {
  /** Jobs that were wanted: those of `done`, `gone` and `refused`, unless it is a dry run. */
  readonly matched: number;
  /** 0 of a dry run, as the two below. */
  readonly done: number;
  /** Those that were gone, held or in another state before it could be done. */
  readonly gone: number;
  /** Those to which the server would not do it; with the first of them it stopped. */
  readonly refused: number;
  /** What it said to the first of these; null without any. */
  readonly refusal: string | null;
  /** The highest id of those that matched; null without any. */
  readonly last: number | null;
  /** The `after` with which to go on; null at the end. */
  readonly next: number | null;
}

/**
 * Buried jobs of a tube whose latest messages have the same headline but for what differs from job
 * to job; those without any message are one group.
 */
export interface FailureGroup {
  readonly key: string;
  readonly tube: string;
  /** Of the newest message the line that says what went wrong, at most 512 bytes. */
  readonly headlineBase64: string;
  /** The beginning of that message; of an error of the worker framework as it is laid out. */
  readonly sample: Bytes;
  readonly count: number;
  /**
   * Seconds since 1970 of the first and of the last of these failures; null when nothing is kept of
   * any.
   */
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
}

/** GET /failures?tube= */
export interface FailuresAnswer {
  /** The largest first, at most 200. */
  readonly groups: readonly FailureGroup[];
  /** How many groups were found. */
  readonly groupCount: number;
  /** Buried jobs that were looked at. */
  readonly scanned: number;
  /** false when there were more buried jobs than are looked at. */
  readonly isWhole: boolean;
}
