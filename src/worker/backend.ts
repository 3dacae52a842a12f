/* QueueBackend: the seam between the queue that people hold and whatever keeps its jobs: an engine
 * in this process, a server, a broker of another make.
 *
 * A back end knows bodies and nothing of what is in them. It promises that a job that was put is
 * given to a consumer until it is ended, at least once, and that one which a consumer holds goes to
 * no other meanwhile; what more it can do stands in its `can`. What it cannot do it rejects with an
 * UnsupportedError, and does nothing.
 */
import type { Abortable, Acknowledge, RawExclusive, RawUnique } from "./enqueue-options.ts";
import type { Ticket } from "./vouching.ts";

/** What a back end can do; docs/queue.md has the table of all. */
export interface Capabilities {
  /** Waits before jobs are ready: any, only some steps, or none. */
  readonly delay: "any" | "steps" | "none";
  readonly priority: boolean;
  /** Unique keys, in the queue itself. */
  readonly unique: boolean;
  /** Keys with a limit of jobs that run at a time. */
  readonly exclusive: boolean;
  /** A fair share for each key. */
  readonly fair: boolean;
  /** Jobs that expire. */
  readonly expiry: boolean;
  /** A limit of attempts that the queue itself keeps. */
  readonly attemptsMax: boolean;
  /** Results of jobs that are done: kept, or told to whoever waits already, or neither. */
  readonly results: "kept" | "waiting" | "none";
  /** A job's end and those that follow from it, in one step. */
  readonly atomicNext: boolean;
  /** Jobs that are given back without an attempt being counted. */
  readonly uncharged: boolean;
  /** Errors of attempts, kept with their jobs. */
  readonly failures: boolean;
  readonly progress: boolean;
  /** Jobs that run can be cancelled. */
  readonly cancelRunning: boolean;
  /** Jobs by their tube and state. */
  readonly listing: boolean;
  /** Jobs keep their id, attempts and failures when they go to another tube. */
  readonly move: boolean;
  /** Jobs that are set aside, or wait for their time, can be made to run. */
  readonly retry: boolean;
  readonly pause: boolean;
  /** Jobs by their ids: looked at, and cancelled while nobody holds them. */
  readonly lookup: boolean;
  /** A job of which its holder says nothing for too long goes to another, though that one lives. */
  readonly leases: boolean;
  /** How many jobs there are of each state, or only how many may run now and are set aside. */
  readonly stats: "all" | "ready";
  /** Jobs survive the end of the process that has them. */
  readonly durable: boolean;
}

/** A job to be put. */
export interface RawJob {
  readonly tube: string;
  readonly body: Uint8Array;
  /** 0 to 4294967295, the smallest first. */
  readonly priority: number;
  readonly delayMillis: number;
  readonly leaseMillis: number;
  readonly unique?: RawUnique | undefined;
  /** Whose it is, for a fair share. */
  readonly key?: string | undefined;
  readonly exclusive?: RawExclusive | undefined;
  readonly expiresMillis?: number | undefined;
  readonly attemptsMax?: number | undefined;
  readonly acknowledge?: Acknowledge | undefined;
}

/** What became of a job that was put: its id, or why it was not taken. */
export type PutOutcome =
  | {
      readonly id: string;
      readonly isNew: boolean;
      /** It waits for the back end to come back; its id is another one there. */
      readonly isSpooled?: boolean;
    }
  | { readonly error: Error };

/** What a job is up to: waiting, being run, or not to be run any more. */
export type RawState = "ready" | "delayed" | "held" | "buried";

/** An attempt that ended without the job being done. */
export interface RawFailure {
  readonly attempt: number;
  readonly at: Date;
  /** Who held the job, as far as the back end knows. */
  readonly who: string;
  readonly end: FailureEnd;
  /** What the holder said. */
  readonly message: Uint8Array | undefined;
}

/** How an attempt can end without the job being done. */
export const FAILURE_ENDS = [
  "released",
  "buried",
  "moved",
  "timed-out",
  "connection-lost",
  "expired",
  "exhausted",
] as const;

/** How an attempt ended. */
export type FailureEnd = (typeof FAILURE_ENDS)[number];

/** A job, as whoever asks sees it. */
export interface RawStatus {
  readonly id: string;
  readonly tube: string;
  readonly state: RawState;
  readonly body: Uint8Array;
  readonly priority: number;
  /** Attempts begun so far. */
  readonly attempt: number;
  /** It is gone when the attempt at it ends. */
  readonly isCancelled: boolean;
  readonly ageMillis: number;
  /** Until it is ready by itself, or its lease is over; 0 if neither. */
  readonly leftMillis: number;
  readonly failures: readonly RawFailure[];
  readonly progress: Uint8Array | undefined;
}

/** How a job ended. */
export type RawEnd =
  | { readonly end: "finished"; readonly result: Uint8Array }
  | {
      readonly end: "buried" | "deleted" | "cancelled" | "expired" | "dead";
      /** The newest message of those that its attempts left. */
      readonly failure: Uint8Array | undefined;
    };

/** How many jobs there are. */
export interface QueueStats {
  /** Jobs that may run now. */
  readonly available: number;
  /** Jobs that wait for their time. */
  readonly scheduled: number;
  /** Jobs that are being run. */
  readonly active: number;
  /** Jobs that are set aside. */
  readonly discarded: number;
  /** Consumers: of the tube if one was named. */
  readonly workers: number;
}

/** What jobs are listed by. */
export interface RawFilter extends Abortable {
  readonly tube: string;
  readonly state: RawState;
  /** Whether failures and progress are wanted as well, which costs more. */
  readonly isWhole?: boolean;
}

/** What came of a wish to cancel. */
export type Cancelled = "cancelled" | "signalled" | "not-found";

/** How a job is completed. */
export interface Completion {
  /**
   * Jobs that follow, NEXT_MAX at most: put with its end in one step where that can be, and then
   * its own unique key is free for them.
   */
  readonly next?: readonly RawJob[];
  readonly result?: Uint8Array;
  /** How long the result is kept for whoever asks; RESULT_KEPT_MILLIS if absent. */
  readonly keepMillis?: number;
}

/** Most jobs that follow from one: a batch holds their puts, a tube for each, and the end. */
export const NEXT_MAX = 499;

/** How long a result is kept at least, if nobody says otherwise: so that nobody need wait early. */
export const RESULT_KEPT_MILLIS = 60_000;

/** A job that a consumer holds. Each of its ends may be asked for once; they reject as calls do. */
export interface HeldJob {
  readonly id: string;
  readonly tube: string;
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  readonly body: Uint8Array;
  /**
   * Aborted when the work is for nothing: with a CancelledError (HM_CANCELLED), or a NotHeldError
   * (HM_NOT_HELD) when somebody else may get the job. Made when it is first read.
   */
  readonly signal: AbortSignal;
  /**
   * Calls `told` once, with the signal's reason, when that is aborted; at once if it is already.
   * For workers, which need no signal then; where it is absent they listen to that.
   */
  onDoomed?(told: (reason: unknown) => void): void;
  /** Whether it is held, as far as is known here. */
  readonly isHeld: boolean;
  /** It is done. */
  complete(completion?: Completion): Promise<void>;
  /** It failed, and is to be tried again. Its priority stays. */
  release(options?: {
    readonly afterMillis?: number;
    readonly failure?: Uint8Array;
  }): Promise<void>;
  /** It was not tried: no attempt is counted, where the back end can tell. */
  handBack(options?: { readonly afterMillis?: number }): Promise<void>;
  /** It failed, and is set aside. */
  bury(options?: { readonly failure?: Uint8Array }): Promise<void>;
  /** It failed, and goes to another tube. */
  moveTo(tube: string, options?: { readonly failure?: Uint8Array }): Promise<void>;
  /** It is removed, as something that nobody wants done any more. */
  discard(): Promise<void>;
  /** Its lease begins anew. */
  renew(): Promise<void>;
  /** Leaves a note of how far it is, and renews. */
  progress(note: Uint8Array): Promise<void>;
}

/** Where workers run. */
export interface WorkerPlace {
  readonly host: string;
  readonly pid: number;
}

/** What a worker is called, and where it runs, as far as that is known. */
export interface WorkerLabel {
  readonly name: string;
  readonly place: WorkerPlace | undefined;
}

/** What a consumer is given when it is made. */
export interface ConsumeOptions {
  /** Most jobs that are held at a time; may be 0. */
  readonly window: number;
  /** Takes a job. What it throws, or rejects with, hands the job back if it is still held. */
  readonly take: (job: HeldJob) => void | Promise<void>;
  /** Told what went wrong where nobody waits: the way to the jobs was lost, and is sought anew. */
  readonly troubled?: (error: Error) => void;
  /** Who takes the jobs, for people who look at the back end, where it can show that. */
  readonly called?: WorkerLabel;
  /**
   * Told by what others can keep what is held, where there is such a thing: for each connection
   * anew. With it, an engine in this process keeps what is held while the event loop stands still.
   */
  readonly session?: (ticket: Ticket) => void;
}

/** Jobs of some tubes, as they come. */
export interface Consumer extends AsyncDisposable {
  /** From now on so many jobs are held at most; fewer than are held takes none back. */
  window(jobs: number): void;
  /** No job comes any more once it resolves. Those that are held stay so. */
  stop(): Promise<void>;
  /** Stops, and gives up what is still held: others get it. */
  close(): Promise<void>;
  /** Resolves when it is closed; rejects when it cannot go on by itself. */
  readonly closed: Promise<void>;
}

/** What keeps jobs. */
export interface QueueBackend extends AsyncDisposable {
  /** For people. */
  readonly name: string;
  readonly can: Capabilities;
  /** Whether there is a way to it now; absent where that cannot be told. */
  readonly isUp?: boolean;
  /** Puts jobs, in this order; says of each what became of it. Rejects only if nothing was done. */
  put(jobs: readonly RawJob[], options?: Abortable): Promise<readonly PutOutcome[]>;
  /** Begins to take jobs of these tubes. */
  consume(tubes: readonly string[], options: ConsumeOptions): Consumer;
  /** Undefined if there is no such job (any more). */
  status(id: string, options?: Abortable): Promise<RawStatus | undefined>;
  /**
   * The end of a job, waited for so long; undefined if there is no such job, nor a result of it.
   */
  end(id: string, options: WaitOptions): Promise<RawEnd | undefined>;
  cancel(id: string, options?: Abortable): Promise<Cancelled>;
  /** Whether there was such a job that nobody holds. */
  move(id: string, tube: string, options?: Abortable): Promise<boolean>;
  /**
   * A job that is set aside, or waits for its time, may run now; a limit of attempts counts anew.
   * Whether there was such a job.
   */
  retry(id: string, options?: Abortable): Promise<boolean>;
  list(filter: RawFilter): AsyncIterable<RawStatus>;
  /** No consumer gets jobs of that tube until it is resumed. */
  pause(tube: string, options?: Abortable): Promise<void>;
  resume(tube: string, options?: Abortable): Promise<void>;
  /** Of one tube, or of all. */
  stats(tube: string | undefined, options?: Abortable): Promise<QueueStats>;
  /** Ends it: what is under way is waited for. */
  close(): Promise<void>;
}

/** How long is waited. */
export interface WaitOptions extends Abortable {
  /** Rejects with a TimeoutError (HM_TIMEOUT) after so long; may be Infinity. */
  readonly timeoutMillis: number;
}
