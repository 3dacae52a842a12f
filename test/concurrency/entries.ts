/* Entries: the lines of a crowd's ledger, each one command of one client and the moments between
 * which it happened, or one line that came unasked. Written by the crowds, audited by ledger.ts and
 * the rules beside it.
 */

/** From when to when something happened. */
export interface Moments {
  readonly from: number;
  readonly to: number;
}

/** What a put was tagged with. */
export interface Tags {
  /** The concurrency key, and how many jobs with it may be held. */
  readonly con?: { readonly key: string; readonly limit: number };
  readonly idp?: string;
  readonly grp?: string;
  readonly aft?: string;
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
  readonly tags?: Tags;
  /** The number of the batch that it was in. */
  readonly batch?: number;
}

/** A put added nothing: the server said that this job has its key. */
export interface Met extends Moments {
  readonly what: "met";
  readonly job: number;
  readonly tube: string;
  readonly idp: string;
}

/**
 * A reserve was answered: with a job and its body, or (both undefined) with TIMED_OUT. Or a job was
 * pushed; then `from` is when its window was opened.
 */
export interface Reserve extends Moments {
  readonly what: "reserve";
  readonly client: number;
  readonly job: number | undefined;
  readonly body: string | undefined;
  /** The tubes watched; none if order is nothing to it. */
  readonly tubes: readonly string[];
  readonly isPushed?: boolean;
}

/**
 * A command on a job. `ok`: whether it was not NOT_FOUND; undefined if the client hung up before it
 * came.
 */
export interface Settle extends Moments {
  readonly what:
    | "delete"
    | "release"
    | "bury"
    | "touch"
    | "finish"
    | "hand-back"
    | "move"
    | "cancel";
  readonly client: number;
  readonly job: number;
  readonly ok: boolean | undefined;
  /** The new priority (release and bury). */
  readonly pri?: number;
  /** Where it goes (move). */
  readonly tube?: string;
  /** What is told of it (finish). */
  readonly result?: string;
  /** Somebody held it, so that it is gone later (cancel). */
  readonly isLater?: boolean;
  /** The number of the batch that it was in. */
  readonly batch?: number;
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
  readonly tags?: Tags;
  readonly batch?: number;
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

/** A job was looked for, and was there or not. */
export interface Look extends Moments {
  readonly what: "look";
  readonly job: number;
  readonly isThere: boolean;
}

/** A group was looked at: as many of its jobs were there. */
export interface GroupLook extends Moments {
  readonly what: "group look";
  readonly group: string;
  readonly pending: number;
}

/** A window was set. Its size is in force from some moment between these on. */
export interface WindowSet extends Moments {
  readonly what: "window";
  readonly client: number;
  readonly size: number;
}

/** A client was told something of a job that it holds or held. */
export interface Told extends Moments {
  readonly what: "told";
  readonly word: "LOST" | "CANCEL";
  readonly client: number;
  readonly job: number;
}

/** `ok`: whether AWAITING came; undefined if the client hung up before the answer. */
export interface Await extends Moments {
  readonly what: "await";
  readonly client: number;
  readonly job: number;
  readonly ok: boolean | undefined;
}

/** A client was told how a job ended. */
export interface Done extends Moments {
  readonly what: "done";
  readonly client: number;
  readonly job: number;
  readonly end: string;
  readonly text: string;
}

/** One line of the ledger. */
export type Entry =
  | Put
  | Met
  | Reserve
  | Settle
  | Gone
  | LostPut
  | LostReserve
  | Found
  | Look
  | GroupLook
  | WindowSet
  | Told
  | Await
  | Done;
