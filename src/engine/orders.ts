/*
 * Orders: what a batch is to do, command by command: what group.ts carries out. Made by the
 * session as it reads them.
 */
import type { Shard } from "./shard.ts";

/** Whose batch it is: their record in each shard, 0 where they have none. */
export interface Holder {
  record(shard: Shard): number;
}

/** What may be done to a job that is named by its id. */
export type Deed = "delete" | "finish" | "release" | "bury" | "hand-back" | "move";

/** A command on one job; a delete-batch is several of them with one index. */
export interface JobOrder {
  readonly deed: Deed;
  /** Which command of the batch it is, counted from 1. */
  readonly index: number;
  /** It is one of a delete-batch. */
  readonly isOneOfMany: boolean;
  readonly id: number;
  /** Whatever it is, it counts as a job that is not there. */
  isHidden: boolean;
  readonly pri: number;
  readonly delaySeconds: number;
  /** Bytes of what is said with it, a message or a result, and where that is, 0 without one. */
  readonly messageBytes: number;
  text: number;
  /** Where that is. */
  readonly textShard: Shard | undefined;
  /** For how many seconds the result of a finish was to be kept, and for how many it is. */
  readonly keep: number;
  keepSeconds: number;
  /** Where the job is; undefined while nobody knows. */
  shard: Shard | undefined;
  /** Whereto, of a move. */
  readonly move: MoveOrder | undefined;
  /** What came of it: DONE or BURIED; NONE of a finish whose result is not kept. */
  answer: number;
}

/** What there is to know of a move beside its job. What is said with it is where it goes. */
export interface MoveOrder {
  readonly to: Shard;
  /** A tube of that shard, which is used for as long as the batch is there. */
  readonly tube: number;
  /** The shard in which the job is claimed for the batch (assembly/claiming.ts). */
  claimedIn: Shard | undefined;
  /** Address of the copy, whole, if there is one. */
  arrival: number;
  /** The copy is the job now. */
  hasArrived: boolean;
}

/** A put. */
export interface PutOrder {
  readonly deed: "put";
  readonly index: number;
  readonly shard: Shard;
  readonly tube: number;
  /** Address of its upload. */
  upload: number;
  readonly bodyBytes: number;
  tagBytes: number;
  /** It is recorded ahead of its batch, or is going to be. */
  goesAhead: boolean;
  /** Its idempotency key, if it has one. */
  readonly key: string | undefined;
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  /** The job that it is to be; 0 until it is known. */
  id: number;
  answer: number;
}

/** A command of a batch that changes jobs. */
export type Order = JobOrder | PutOrder;

/** How a batch is looked at, and whether it is carried out. */
export interface Terms {
  /** If nothing is in its way, it is done; otherwise it is only looked at. */
  readonly does: boolean;
  readonly refusesPuts: boolean;
  /** What it does is recorded at once, in a room that is bounded. */
  readonly isRecorded: boolean;
  /** The journal's disk is full. */
  readonly refusesMoves: boolean;
  /** How many bytes the bodies of the jobs that it moves may have together. */
  readonly movedBytesMax: number;
  readonly now: number;
}

/** Why a batch is refused: which command, and what it would have been told. */
export type Refusal = { readonly index: number } & (
  | { readonly why: "missing" | "no puts" | "no ids" | "no space" | "too big" }
  /** Nothing is refused: somebody else moves a job, or a job has yet to be copied. */
  | { readonly why: "busy" | "uncopied" }
  | { readonly why: "missing some"; readonly found: number; readonly missing: number }
  | { readonly why: "full"; readonly setting: number; readonly most: number }
  | {
      readonly why: "known";
      /** The job that it would have met; 0: one that the same batch would have put. */
      readonly id: number;
      readonly state: number;
      /** The priority that the job would have got; NOT_RAISED when it would have kept its own. */
      readonly pri: number;
    }
);
