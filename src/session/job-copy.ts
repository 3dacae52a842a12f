/* JobCopy: the copy of a job that goes to another tube, on its way there: its body, its failures
 * and its note (assembly/migrating.ts).
 *
 * It is made piece by piece, as the journal has room. Whose job it is, who else may act on it
 * meanwhile, and when the copy becomes the job, is for those to say who make it: a migration and
 * the batches.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { Desk, PutTube } from "./desk.ts";

/** Bytes of a body that are copied in one piece of the work. */
const STEP_BYTES = 1_048_576;

/** One copy. Invariant: it is this object's until it becomes the job, or until `drop`. */
export class JobCopy {
  /** Where it is. */
  readonly address: number;
  readonly #desk: Desk;
  readonly #id: number;
  readonly #from: Shard;
  readonly #to: Shard;
  readonly #bytes: number;
  #position = 0;
  /** Number of the last failure that was copied. */
  #lastFailure = 0;
  /** A failure that is whole and for which the journal had no room; 0 for none. */
  #failure = 0;

  private constructor(desk: Desk, id: number, from: Shard, to: Shard, bytes: number) {
    this.#desk = desk;
    this.#id = id;
    this.#from = from;
    this.#to = to;
    this.#bytes = bytes;
    this.address = to.address();
  }

  /**
   * The copy of a job that the result area of its shard describes, as yet without a body; undefined
   * when the other shard cannot take it.
   */
  static open(
    desk: Desk,
    id: number,
    from: Shard,
    { shard: to, tube }: PutTube,
  ): JobCopy | undefined {
    const shown = (which: number): number => from.field(C.RESULT_STATS + which);
    const bytes = shown(C.MOVE_BYTES);
    const counts = [C.MOVE_RESERVES, C.MOVE_TIMEOUTS, C.MOVE_RELEASES, C.MOVE_BURIES] as const;
    const [reserves = 0, timeouts = 0, releases = 0, buries = 0] = counts.map(shown);
    const [kicks, failures] = [shown(C.MOVE_KICKS), shown(C.MOVE_FAILURES)];
    const tagBytes = shown(C.MOVE_TAG_BYTES);
    if (tagBytes > 0) to.tags.set(from.output.subarray(0, tagBytes));
    const answer = to.openArrival(
      tube,
      id,
      shown(C.MOVE_STATE),
      shown(C.MOVE_PRI),
      shown(C.MOVE_DELAY_SECONDS),
      shown(C.MOVE_TTR_SECONDS),
      bytes,
      shown(C.MOVE_CREATED),
      shown(C.MOVE_MAJOR),
      shown(C.MOVE_MOVES),
      shown(C.MOVE_HAS_PARTS),
      tagBytes,
    );
    if (answer !== C.DONE) return undefined;
    const copy = new JobCopy(desk, id, from, to, bytes);
    to.countArrival(copy.address, reserves, timeouts, releases, buries, kicks, failures);
    copy.copyNote();
    return copy;
  }

  /** Brings the note, if there is one: what it was when the copy was made may be an older one. */
  copyNote(): void {
    const from = this.#from;
    if (from.peekProgress(this.#id, this.#desk.now) !== C.DONE) return;
    const bytes = from.field(C.RESULT_BODY_BYTES);
    this.#desk.stageName(this.#to, from.output.subarray(0, bytes));
    this.#to.noteArrival(this.address, 0, bytes);
  }

  /**
   * Brings more of the body: DONE when it is whole; else MORE, or what kept it from that: NOT_FOUND
   * when somebody has ended the job.
   */
  copyBody(): number {
    const [desk, from, to] = [this.#desk, this.#from, this.#to];
    const until = Math.min(this.#bytes, this.#position + STEP_BYTES);
    while (this.#position < until) {
      if (from.readBody(this.#id, this.#position) !== C.DONE) return C.NOT_FOUND;
      const count = from.field(C.RESULT_COUNT);
      desk.stageName(to, from.output.subarray(0, count));
      const answer = to.appendArrival(this.address, this.#position, 0, count);
      this.#position += to.field(C.RESULT_COUNT);
      if (answer !== C.DONE) return answer;
    }
    return this.#position < this.#bytes ? C.MORE : C.DONE;
  }

  /** Whether there are failures that were not copied. */
  get lacksFailures(): boolean {
    return this.#failure !== 0 || this.#seekFailure();
  }

  /** The next failure stands in the result area of the job's shard, if there is one. */
  #seekFailure(): boolean {
    return this.#from.nextFailure(this.#id, this.#lastFailure, this.#desk.now) === C.DONE;
  }

  /**
   * Brings the next failure: NONE when that was done, DONE when there is none left; else MORE, or
   * what kept it from that.
   */
  copyFailure(): number {
    const [from, to] = [this.#from, this.#to];
    if (this.#failure !== 0) return this.#addFailure();
    if (!this.#seekFailure()) return C.DONE;
    const shown = (which: number): number => from.field(C.RESULT_STATS + which);
    const number = shown(C.FAILURE_NUMBER);
    const messageBytes = shown(C.FAILURE_MESSAGE_BYTES);
    const whoBytes = from.field(C.RESULT_NAME_BYTES);
    const bytes = Math.max(0, messageBytes);
    to.who.set(from.output.subarray(0, whoBytes));
    const hasMessage = messageBytes === C.NO_MESSAGE ? 0 : 1;
    const [attempt, at, end] = [C.FAILURE_ATTEMPT, C.FAILURE_AT_MICROS, C.FAILURE_END].map(shown);
    const answer = to.openArrivedFailure(
      number,
      attempt ?? 0,
      at ?? 0,
      end ?? 0,
      whoBytes,
      bytes,
      hasMessage,
    );
    if (answer !== C.DONE) return answer;
    this.#failure = to.address();
    this.#lastFailure = number;
    return this.#copyMessage(number, whoBytes, bytes);
  }

  #copyMessage(number: number, whoBytes: number, bytes: number): number {
    const [desk, from, to] = [this.#desk, this.#from, this.#to];
    let count = from.field(C.RESULT_COUNT);
    desk.stageName(to, from.output.subarray(whoBytes, whoBytes + count));
    for (let position = 0; position < bytes;) {
      const answer = to.appendArrivedFailure(this.#failure, position, 0, count);
      if (answer !== C.DONE) return answer;
      position += count;
      if (position >= bytes) break;
      if (from.readFailure(this.#id, number, position) !== C.DONE) return this.#leaveFailure();
      count = from.field(C.RESULT_COUNT);
      desk.stageName(to, from.output.subarray(0, count));
    }
    return this.#addFailure();
  }

  /** Somebody ended the job, or it has newer failures in the place of this one. */
  #leaveFailure(): number {
    this.#to.dropFailure(this.#failure);
    this.#failure = 0;
    return C.NONE;
  }

  #addFailure(): number {
    const answer = this.#to.addArrivedFailure(this.address, this.#failure);
    if (answer !== C.DONE) return answer;
    this.#failure = 0;
    return C.NONE;
  }

  /** What was copied goes: with a journal that is a command that needs room in the ring. */
  drop(): void {
    if (this.#failure !== 0) this.#to.dropFailure(this.#failure);
    this.#to.dropArrival(this.address);
  }
}
