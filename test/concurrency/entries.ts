/* Entries: the lines of a crowd's ledger, each one command of one client and the moments between
 * which it happened. Written by crowd.ts and wire.ts, audited by ledger.ts and order.ts.
 */

/** From when to when something happened. */
export interface Moments {
  readonly from: number;
  readonly to: number;
}

/** A job was put, and the server said its id. */
export interface Put extends Moments {
  readonly what: "put";
  readonly job: number;
  readonly tube: string;
  readonly pri: number;
  readonly body: string;
  /** False: it was put with a delay. */
  readonly ready: boolean;
  readonly ttrMs: number;
}

/** A reserve was answered: with a job and its body, or (both undefined) with TIMED_OUT. */
export interface Reserve extends Moments {
  readonly what: "reserve";
  readonly client: number;
  readonly job: number | undefined;
  readonly body: string | undefined;
  readonly tubes: readonly string[];
}

/**
 * A command on a job. `ok`: whether it was not NOT_FOUND; undefined if the client hung up before it
 * came.
 */
export interface Settle extends Moments {
  readonly what: "delete" | "release" | "bury" | "touch";
  readonly client: number;
  readonly job: number;
  readonly ok: boolean | undefined;
  /** The new priority (release and bury). */
  readonly pri?: number;
}

/** A client hung up; all that it holds goes back. Nobody knows when the server saw it. */
export interface Gone extends Moments {
  readonly what: "gone";
  readonly client: number;
}

/** A put whose answer never came: the job may exist, under an id that nobody knows. */
export interface LostPut extends Moments {
  readonly what: "lost put";
  readonly body: string;
}

/**
 * A reserve whose answer never came: a job may have been taken, until the server saw that the
 * client was gone.
 */
export interface LostReserve extends Moments {
  readonly what: "lost reserve";
  readonly tubes: readonly string[];
}

/** A job that was found when the queue was emptied in the end. */
export interface Found {
  readonly what: "found";
  readonly job: number;
  readonly body: string;
}

/** One line of the ledger. */
export type Entry = Put | Reserve | Settle | Gone | LostPut | LostReserve | Found;
