/* Answers: what the engine says, call by call, as plain objects: the driver's (engine.ts) and the
 * model's (model.ts) are compared.
 */

/** The names of the answers in assembly/constants.ts, by their numbers. */
export const ANSWERS = [
  "NONE",
  "DONE",
  "NOT_FOUND",
  "OUT_OF_MEMORY",
  "RESERVED",
  "WORSE",
  "WAITING",
  "LOST",
  "BURIED",
  "MORE",
  "DAMAGED",
  "SOON",
  "NOTED",
  "LONG",
  "FULL",
  "KNOWN",
  "BUSY",
  "ENDED",
] as const;
export type Answer = (typeof ANSWERS)[number];

/** What a call answered: beyond the answer only what that call promises. */
export interface Reply {
  readonly answer: Answer;
  /** Threads that now have grants to collect. */
  readonly wakes: readonly number[];
  readonly id?: number;
  readonly pri?: number;
  /** The whole body, one character for each byte. */
  readonly body?: string;
  /** The lines that a call wrote, and the bodies among them; a long one as far as it is there. */
  readonly text?: string;
  readonly count?: number;
  /** Bytes of a long body that were not written. */
  readonly left?: number;
  readonly kind?: number;
  /** Of the job that a put met: STATE_*, 0 when it was deleted. */
  readonly state?: number;
  /** When the first time to run is over of what a connection holds that is made to wait. */
  readonly due?: number;
  /** Whom a collected grant is for. */
  readonly conn?: number;
  readonly token?: number;
  readonly generation?: number;
  /** Figures of a stats call, in the order of assembly/constants.ts. */
  readonly figures?: readonly number[];
  readonly name?: string;
  /** What the last times of a tube were like, in the order of assembly/layouts.ts. */
  readonly samples?: readonly number[];
  /** The last of these times, ascending. */
  readonly lastTimes?: readonly number[];
  /** The tags of a job, in the order of the alphabet. */
  readonly tags?: string;
  /** Attempts that a job is charged with, as long as it has the tag `max`. */
  readonly charged?: number;
}

/** How a window is to be filled. */
export interface Filling {
  /** How many jobs the connection holds then. */
  readonly most: number;
  /** The best place elsewhere. */
  readonly bound?: { readonly pri: number; readonly id: number };
  /** What to call the waiting; 0: none. */
  readonly generation: number;
}

/** What a new job is told. */
export interface NewJob {
  readonly id: number;
  readonly pri?: number;
  readonly delaySeconds?: number;
  readonly ttrSeconds?: number;
  readonly body?: Uint8Array;
  /** As behind <bytes> of a put, each with a space in front. */
  readonly tags?: string;
}

/** A failure of a job, as the engine shows it. */
export interface EngineFailure {
  readonly number: number;
  readonly attempt: number;
  readonly atMicros: number;
  /** END_BURIED and so on. */
  readonly end: number;
  readonly who: string;
  /** One character for each byte; absent when nothing was said. */
  readonly message?: string;
}

/** A tube in the answer of `listTubes`. */
export interface ListedTube {
  readonly number: number;
  readonly name: string;
}

/** Which jobs to list. */
export interface ListOrder {
  readonly tube: string;
  readonly state: number;
  readonly after: number;
  readonly most: number;
}

/** The ways in which the engine can look for jobs; see assembly/listing.ts. */
export type ListWay = "walk" | "probe" | "scan";
