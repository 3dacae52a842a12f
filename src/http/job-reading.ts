/* JobReading: looking at single jobs: their figures, the beginning of their bodies, their failures.
 *
 * Everything here is one bounded look into a shard, which a command for the same would be as well,
 * but a command brings whole bodies, and a list of jobs wants a few bytes of each. What it returns
 * is a copy. Used by the routes about jobs.
 */
import type { InProcess } from "../broker/in-process.ts";
import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import { shownTags, tagWords } from "../protocol/tags.ts";
import { depend, tagEntries } from "../session/answers.ts";
import { failuresOf, shownFailure } from "../session/failures.ts";
import type { Failure } from "../session/failures.ts";
import type { Desk } from "../session/desk.ts";
import type { Bytes, JobState } from "./api-jobs.ts";
import { connectionId } from "./connections.ts";

/** A job, with numbers for everything that has a number. */
export interface JobFacts {
  readonly id: number;
  readonly shard: Shard;
  readonly tube: string;
  readonly state: JobState;
  readonly pri: number;
  readonly ageSeconds: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  readonly leftSeconds: number;
  /** Since it was reserved; 0 in other states. */
  readonly heldSeconds: number;
  readonly reserves: number;
  readonly timeouts: number;
  readonly releases: number;
  readonly buries: number;
  readonly kicks: number;
  /** Attempts that ended without a delete, kept or not. */
  readonly failureCount: number;
  /** It is held, and gone as soon as that attempt ends. */
  readonly isCancelled: boolean;
  /** Its tags, as a put would be given them. */
  readonly tags: readonly string[];
}

/** The newest thing that was said about a job's failures. */
export interface LatestFailure {
  /** All of the newest message; empty when there is none. */
  readonly message: Uint8Array;
  /**
   * When that attempt ended, or without a message the newest of all, in microseconds since 1970;
   * undefined when none is kept.
   */
  readonly atMicros: number | undefined;
}

/** The beginning of a body or a message, and how long all of it is. */
export interface BodyStart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

const LATIN1 = new TextDecoder("latin1");
const NOTHING = new Uint8Array(0);
const STATES: Readonly<Record<number, JobState>> = {
  [C.STATE_READY]: "ready",
  [C.STATE_RESERVED]: "reserved",
  [C.STATE_DELAYED]: "delayed",
  [C.STATE_BURIED]: "buried",
};

/**
 * The job; undefined when there is none of that id. What is told of it depends on its last record
 * (`InProcess.settled`).
 */
export function jobFacts(desk: Desk, id: number): JobFacts | undefined {
  const shard = desk.shardOfJob(id);
  if (shard === undefined) return undefined;
  desk.hint(id, shard);
  depend(desk, shard);
  return shownFacts(shard, id);
}

/** The tube and the state of the job that the shard's result area shows. */
export function shownPlace(shard: Shard): { readonly name: string; readonly state: JobState } {
  const bytes = shard.output.slice(0, shard.field(C.RESULT_NAME_BYTES));
  const state = STATES[shard.field(C.RESULT_STATS + C.JOB_STATE)] ?? "ready";
  return { name: LATIN1.decode(bytes), state };
}

function shownFacts(shard: Shard, id: number): JobFacts {
  const { name, state } = shownPlace(shard);
  const figure = (which: number): number => shard.field(C.RESULT_STATS + which);
  const seconds = (which: number): number => Math.max(0, figure(which) / MICROS);
  return {
    id,
    shard,
    tube: name,
    state,
    pri: figure(C.JOB_PRI),
    ageSeconds: seconds(C.JOB_AGE_MICROS),
    delaySeconds: figure(C.JOB_DELAY_SECONDS),
    ttrSeconds: figure(C.JOB_TTR_SECONDS),
    leftSeconds: seconds(C.JOB_LEFT_MICROS),
    heldSeconds: seconds(C.JOB_RESERVED_MICROS),
    reserves: figure(C.JOB_RESERVES),
    timeouts: figure(C.JOB_TIMEOUTS),
    releases: figure(C.JOB_RELEASES),
    buries: figure(C.JOB_BURIES),
    kicks: figure(C.JOB_KICKS),
    failureCount: figure(C.JOB_FAILURES),
    isCancelled: figure(C.JOB_CANCELLED) !== 0,
    tags: tagWords(shownTags(tagEntries(shard))),
  };
}

/** Who may look into the shards. */
export type Looker = Pick<InProcess, "look">;

/** The body of a job is not in memory: whoever looks at bodies looks again when it is. */
class BodyAwayError extends Error {
  override readonly name = "BodyAwayError";
  readonly code = "HM_BODY_AWAY";
  readonly #shard: Shard;
  readonly #id: number;

  constructor(shard: Shard, id: number) {
    super(`the body of job ${id} is not in memory`);
    this.#shard = shard;
    this.#id = id;
  }

  /**
   * Resolves when it has been read back, or the job is gone; has the bodies of those of the same
   * shard that `soon` names read as well.
   */
  comes(looker: Looker, soon: (desk: Desk) => readonly number[]): Promise<void> {
    const shard = this.#shard;
    const hasRoom = (): boolean => shard.seekBody(this.#id) === C.DONE;
    return new Promise((goOn) =>
      looker.look((desk) => {
        desk.room.wait({ hasRoom, goOn });
        for (const id of soon(desk)) shard.seekBody(id);
      }),
    );
  }
}

/**
 * As `InProcess.look`, for what calls `bodyStart`: `run` begins anew whenever a body has to be read
 * back first. Those of the jobs that `soon` names are read with it, if it is the same shard's: as
 * much as `run` is going to look at, and may be in memory at a time.
 */
export async function lookAtBodies<Result>(
  looker: Looker,
  run: (desk: Desk) => Result,
  soon: (desk: Desk) => readonly number[] = () => [],
): Promise<Result> {
  for (;;) {
    try {
      return looker.look(run);
    } catch (error) {
      if (!(error instanceof BodyAwayError)) throw error;
      await error.comes(looker, soon);
    }
  }
}

/**
 * The first bytes of the job's body, at most `most` and an output slot; undefined when the job is
 * not in that shard any more. To be called within `lookAtBodies`.
 */
export function bodyStart(
  desk: Desk,
  shard: Shard,
  id: number,
  most: number,
): BodyStart | undefined {
  const start = bodyAtHand(desk, shard, id, most);
  if (start !== undefined && shard.field(C.RESULT_AWAY) !== 0) throw new BodyAwayError(shard, id);
  return start;
}

/** The same at once, without a byte where the body is not in memory: it is there the next time. */
export function bodyAtHand(
  desk: Desk,
  shard: Shard,
  id: number,
  most: number,
): BodyStart | undefined {
  if (shard.peek(id, desk.now) !== C.DONE) return undefined;
  const length = shard.field(C.RESULT_BODY_BYTES);
  const isAway = shard.field(C.RESULT_AWAY) !== 0;
  const shown = isAway ? 0 : Math.min(length, most, C.OUTPUT_BYTES);
  return { bytes: shard.output.slice(0, shown), length };
}

/**
 * Reading a whole body part by part. A long one is pinned: whatever becomes of the job meanwhile,
 * all of it can be read.
 */
export class BodyReading {
  readonly #shard: Shard;
  readonly #id: number;
  readonly #start: BodyStart;
  #position = 0;
  #isPinned: boolean;

  /**
   * From the first byte of the job's body on; undefined when the job is not in that shard. To be
   * called within `lookAtBodies`.
   */
  static begin(desk: Desk, shard: Shard, id: number): BodyReading | undefined {
    const start = bodyStart(desk, shard, id, C.OUTPUT_BYTES);
    if (start === undefined) return undefined;
    const isLong = start.bytes.length < start.length;
    if (isLong && shard.pinBody(id) !== C.DONE) return undefined;
    return new BodyReading(shard, id, start, isLong);
  }

  private constructor(shard: Shard, id: number, start: BodyStart, isPinned: boolean) {
    this.#shard = shard;
    this.#id = id;
    this.#start = start;
    this.#isPinned = isPinned;
  }

  /** The next bytes, at most an output slot; undefined behind the last. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    const shard = this.#shard;
    if (this.#position >= this.#start.length) return undefined;
    const isFirst = this.#position === 0;
    const part = isFirst ? this.#start.bytes : this.#read();
    this.#position += part.length;
    if (part.length === 0) throw new RangeError(`shard ${shard.index} has lost a pinned body`);
    return part;
  }

  #read(): Uint8Array<ArrayBuffer> {
    const shard = this.#shard;
    if (shard.readBody(this.#id, this.#position) !== C.DONE) return NOTHING;
    return shard.output.slice(0, shard.field(C.RESULT_COUNT));
  }

  /** Nothing is read any more. */
  end(): void {
    if (!this.#isPinned) return;
    this.#isPinned = false;
    this.#shard.unpinBody(this.#id);
  }
}

/** The newest note of how far the job is; null if there is none. */
export function progressOf(desk: Desk, { shard, id }: JobFacts): Bytes | null {
  if (shard.peekProgress(id, desk.now) !== C.DONE) return null;
  const length = shard.field(C.RESULT_BODY_BYTES);
  return asBytes({ bytes: shard.output.slice(0, length), length });
}

/** The failures of the job that are kept, oldest first. */
export function keptFailures(desk: Desk, { shard, id }: JobFacts): readonly Failure[] {
  return failuresOf(desk, shard, id);
}

/** The latest failure of the job; undefined when the job is not in that shard any more. */
export function latestFailure(desk: Desk, shard: Shard, id: number): LatestFailure | undefined {
  const answer = shard.lastMessage(id, desk.now);
  if (answer === C.NOT_FOUND) return undefined;
  const shown = answer === C.DONE ? shownFailure(desk, shard, id) : undefined;
  if (shown !== undefined) return { message: shown.message ?? NOTHING, atMicros: shown.atMicros };
  return { message: NOTHING, atMicros: newestFailureMicros(desk, shard, id) };
}

/**
 * When the latest of so many failures ended, in microseconds since 1970; undefined when it is not
 * kept.
 */
export function lastFailureMicros(
  desk: Desk,
  shard: Shard,
  id: number,
  failures: number,
): number | undefined {
  if (failures === 0) return undefined;
  return shard.nextFailure(id, failures - 1, desk.now) === C.DONE
    ? failureMicros(desk, shard)
    : undefined;
}

function newestFailureMicros(desk: Desk, shard: Shard, id: number): number | undefined {
  let micros: number | undefined;
  for (let number = 0; ;) {
    if (shard.nextFailure(id, number, desk.now) !== C.DONE) return micros;
    micros = failureMicros(desk, shard);
    number = shard.field(C.RESULT_STATS + C.FAILURE_NUMBER);
  }
}

/** When the failure that the shard's result area shows ended, in microseconds since 1970. */
function failureMicros({ common }: Desk, shard: Shard): number {
  return common.wallBaseMicros + shard.field(C.RESULT_STATS + C.FAILURE_AT_MICROS);
}

/** What the connection that holds the job is called; null when nobody does. */
export function holderOf(desk: Desk, { shard, id }: JobFacts): string | null {
  if (shard.holder(id, desk.now) !== C.DONE) return null;
  const thread = shard.field(C.RESULT_STATS);
  return connectionId(thread, shard.field(C.RESULT_TOKEN));
}

/** Bytes as they travel. */
export function asBytes({ bytes, length }: BodyStart): Bytes {
  return { base64: base64Of(bytes), isWhole: bytes.length === length };
}

/** Bytes in base64. */
export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
