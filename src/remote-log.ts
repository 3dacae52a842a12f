/* RemoteLog: the seam between a journal and what keeps a copy of it on other machines.
 *
 * A log of entries, numbered 1, 2, 3 ... without a hole. Each says what was done to one file of the
 * journal's directory, or that somebody began to lead; so whoever reads it from front to back has
 * the directory. Each carries the epoch of the leader that wrote it. **The fence**: an entry gets
 * its place only if nothing stands there and the entry in front of it is of the same epoch. So from
 * the moment at which somebody began an epoch nobody of an older one adds anything.
 *
 * Entries of a file that was removed may be forgotten; the newest entry never is. What a call
 * answered is on as many machines as the log promises. A call that rejects may have been carried
 * out or not, or may be carried out still: `look` tells, after `reconnect`. Who leads whom is
 * decided by the log's own clock (`claim`, `renew`); that decides who tries, the fence alone who
 * writes. Implemented by a driver in storage/, and by a simulated log in the tests; used by
 * journal/shipping.ts and journal/catch-up.ts.
 */

/** What was done to a file of a directory. */
export type RemoteOperation =
  /** There is such a file from now on, of `bytes` zeros; one of that name is no more. */
  | { readonly kind: "create"; readonly file: string; readonly bytes: number }
  | {
      readonly kind: "write";
      readonly file: string;
      readonly position: number;
      readonly body: Uint8Array;
    }
  | { readonly kind: "remove"; readonly file: string };

/** An entry as it is read back: what a write wrote is asked for by itself (`read`). */
export interface RemoteEntry {
  readonly sequence: number;
  readonly kind: RemoteOperation["kind"];
  readonly file: string;
  /** Of a write; otherwise 0. */
  readonly position: number;
  /** Of a write, or of a file that was created; otherwise 0. */
  readonly bytes: number;
  /** Of a write, what `digest` makes of it. */
  readonly digest: string;
}

/** The newest entry. */
export interface RemoteEnd {
  readonly sequence: number;
  readonly epoch: number;
  /** Who began that epoch: a word that nobody else ever has. */
  readonly leader: string;
}

/** What stands at a place where something was to be appended. */
export type Found = "nothing" | "ours" | "another's";

/** One journal's log. All may reject with a RemoteError. */
export interface RemoteLog {
  /** Its newest entry; undefined while it is empty. */
  newest(): Promise<RemoteEnd | undefined>;
  /**
   * Puts the entry that begins an epoch, whatever stands in front of it; false if something stands
   * there already.
   */
  lead(sequence: number, epoch: number, leader: string): Promise<boolean>;
  /**
   * Appends entries, the first at `sequence`: all or none; false when the fence keeps them out.
   * There is at least one.
   */
  append(sequence: number, epoch: number, operations: readonly RemoteOperation[]): Promise<boolean>;
  /** What stands there now. Never "ours" before that is where all that was answered is. */
  look(sequence: number, epoch: number, operation: RemoteOperation): Promise<Found>;
  /** The entries of all files that there are, oldest first. */
  entries(): Promise<readonly RemoteEntry[]>;
  /** What the write of that entry wrote. */
  read(sequence: number): Promise<Uint8Array>;
  /** As in RemoteEntry. */
  digest(body: Uint8Array): string;
  /** Forgets some of what is not needed; false when there is no more of it. */
  sweep(): Promise<boolean>;
  /** Lets go of the connection, if there is one, and makes another. */
  reconnect(): Promise<void>;
  /**
   * Takes the lease if nobody has it, or `leader` itself; otherwise resolves with who has it, and
   * counts as one who stands by for as long as the connection lasts.
   */
  claim(leader: string): Promise<Claim>;
  /** Prolongs the lease; false when it is another's. */
  renew(leader: string): Promise<boolean>;
  /** How many stand by. */
  standbys(): Promise<number>;
  /** Gives the lease back. */
  release(leader: string): Promise<void>;
  /** Lets go of the connection; another call makes another. */
  close(): Promise<void>;
}

/** Times of one connection to a log, in milliseconds. */
export interface RemoteLogTimes {
  /** How long a lease lasts. */
  readonly leaseMillis: number;
  /** How long an answer may take before the connection counts as lost. */
  readonly patienceMillis: number;
}

/** How a connection is opened. */
export interface RemoteLogOptions extends RemoteLogTimes {
  /** Whoever has it only looks: nothing is written there, not even what is not there yet made. */
  readonly onlyReads?: true;
}

/** What became of an attempt to take the lease. */
export type Claim =
  | { readonly isTaken: true }
  | {
      readonly isTaken: false;
      /** Who has it. */
      readonly leader: string;
      /** Of the newest entry; 0 while there is none. */
      readonly epoch: number;
      /** Until it runs out, in milliseconds. */
      readonly leftMillis: number;
    };

/** Why a call failed, as far as the caller cares. */
export type RemoteFailure =
  /** Not reached, or cut off: it may be tried again, once it is known what became of it. */
  | "HM_REMOTE_UNREACHABLE"
  /** Set up so that what it answers might not be true. The message says what to set. */
  | "HM_REMOTE_UNSAFE"
  /** Another leads. */
  | "HM_REMOTE_FENCED"
  /** Something else, which trying again will not change. */
  | "HM_REMOTE_FAILED";

/** A call of a remote log failed. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly code: RemoteFailure;

  constructor(code: RemoteFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
