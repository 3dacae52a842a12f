/* Migration: one job on its way to a tube of another shard, whose memory is another one: it is
 * copied, piece by piece (assembly/migrating.ts).
 *
 * The job has moved once the record of the copy is safe; only when the tombstone of the first one
 * is safe too does the copy take its place. Before its failures are recorded there, what stands in
 * front of its leaving is safe: a crash that lost only that would leave half of what happened. So
 * it waits for the journal three times, with other connections' turns meanwhile. When its
 * connection ends before that, a copy that is not recorded is given up, and one that is goes on
 * alone. Made by Moving.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import type { Desk } from "./desk.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import type { PutTube } from "./putting.ts";
import type { Turns } from "./turns.ts";

/** Bytes of a body that are copied in one piece of the work. */
const STEP_BYTES = 1_048_576;

/* What is to be done next. */
const COPY_BODY = 0;
const COPY_FAILURES = 1;
const DEPART = 2;
const SETTLE = 3;

/** What goes on with a job that is MOVING. */
export class Migration implements LongCommand {
  readonly #desk: Desk;
  readonly #turns: Turns;
  readonly #id: number;
  readonly #from: Shard;
  readonly #to: PutTube;
  readonly #bytes: number;
  /** Address of the copy, until it is recorded. */
  readonly #arrival: number;
  /** Up to where the stream of the shard that it leaves went when it left its place. */
  readonly #leftLsn: number;
  #next = COPY_BODY;
  #position = 0;
  /** Number of the last failure that was copied. */
  #lastFailure = 0;
  /** A failure that is whole and for which the journal had no room; 0 for none. */
  #failure = 0;
  /** Position in a shard's stream that has to be safe before it goes on. */
  #awaited: { readonly shard: Shard; readonly lsn: number } | undefined;

  private constructor(parts: MigrationParts, bytes: number, arrival: number, leftLsn: number) {
    this.#desk = parts.desk;
    this.#turns = parts.turns;
    this.#id = parts.id;
    this.#from = parts.from;
    this.#to = parts.to;
    this.#bytes = bytes;
    this.#arrival = arrival;
    this.#leftLsn = leftLsn;
  }

  /**
   * Begins with a job that is MOVING and that the result area of its shard describes; undefined,
   * and it stays where it is, when the other shard cannot take it.
   */
  static begin(parts: MigrationParts): Migration | undefined {
    const { from, to, id, desk } = parts;
    const shown = (which: number): number => from.field(C.RESULT_STATS + which);
    const bytes = shown(C.MOVE_BYTES);
    const leftLsn = from.field(C.RESULT_LSN);
    const counts = [C.MOVE_RESERVES, C.MOVE_TIMEOUTS, C.MOVE_RELEASES, C.MOVE_BURIES] as const;
    const [reserves = 0, timeouts = 0, releases = 0, buries = 0] = counts.map(shown);
    const [kicks, failures] = [shown(C.MOVE_KICKS), shown(C.MOVE_FAILURES)];
    const tagBytes = shown(C.MOVE_TAG_BYTES);
    if (tagBytes > 0) to.shard.tags.set(from.output.subarray(0, tagBytes));
    const answer = to.shard.openArrival(
      to.tube,
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
    if (answer !== C.DONE) {
      from.abortMove(id, desk.now);
      return undefined;
    }
    const arrival = to.shard.address();
    to.shard.countArrival(arrival, reserves, timeouts, releases, buries, kicks, failures);
    if (from.peekProgress(id, desk.now) === C.DONE) {
      const noteBytes = from.field(C.RESULT_BODY_BYTES);
      desk.stageName(to.shard, from.output.subarray(0, noteBytes));
      to.shard.noteArrival(arrival, 0, noteBytes);
    }
    return new Migration(parts, bytes, arrival, leftLsn);
  }

  hasRoom(): boolean {
    const { room, journal } = this.#desk;
    const awaited = this.#awaited;
    if (!room.isThere) return false;
    return (
      awaited === undefined || journal?.gate.isSafe(awaited.shard.index, awaited.lsn) !== false
    );
  }

  step(): number {
    while (this.hasRoom()) {
      const answer = this.#goOn();
      if (answer === C.MORE) return UNFINISHED;
      if (answer !== C.NONE) return this.#answer(answer);
    }
    return UNFINISHED;
  }

  /** NONE when the next part can be tried at once, MORE when others have their turn first. */
  #goOn(): number {
    switch (this.#next) {
      case COPY_BODY:
        return this.#copyBody();
      case COPY_FAILURES:
        return this.#copyFailure();
      case DEPART:
        return this.#depart();
      default:
        return this.#settle();
    }
  }

  #copyBody(): number {
    const [desk, from, { shard }] = [this.#desk, this.#from, this.#to];
    const until = Math.min(this.#bytes, this.#position + STEP_BYTES);
    while (this.#position < until) {
      from.readBody(this.#id, this.#position);
      const count = from.field(C.RESULT_COUNT);
      desk.stageName(shard, from.output.subarray(0, count));
      const answer = shard.appendArrival(this.#arrival, this.#position, 0, count);
      this.#position += shard.field(C.RESULT_COUNT);
      if (answer !== C.DONE) return answer;
    }
    if (this.#position < this.#bytes) return C.MORE;
    this.#await(from, this.#leftLsn, COPY_FAILURES);
    return C.NONE;
  }

  /** The next failure; when there is none left, the copy is whole and is recorded. */
  #copyFailure(): number {
    const [from, { shard }] = [this.#from, this.#to];
    if (this.#failure !== 0) return this.#addFailure();
    if (from.nextFailure(this.#id, this.#lastFailure, this.#desk.now) !== C.DONE) {
      shard.commitArrival(this.#arrival);
      this.#await(shard, shard.field(C.RESULT_LSN), DEPART);
      return C.NONE;
    }
    const shown = (which: number): number => from.field(C.RESULT_STATS + which);
    const number = shown(C.FAILURE_NUMBER);
    const messageBytes = shown(C.FAILURE_MESSAGE_BYTES);
    const whoBytes = from.field(C.RESULT_NAME_BYTES);
    const bytes = Math.max(0, messageBytes);
    shard.who.set(from.output.subarray(0, whoBytes));
    const hasMessage = messageBytes === C.NO_MESSAGE ? 0 : 1;
    const [attempt, at, end] = [C.FAILURE_ATTEMPT, C.FAILURE_AT_MICROS, C.FAILURE_END].map(shown);
    const answer = shard.openArrivedFailure(
      number,
      attempt ?? 0,
      at ?? 0,
      end ?? 0,
      whoBytes,
      bytes,
      hasMessage,
    );
    if (answer !== C.DONE) return answer;
    this.#failure = shard.address();
    this.#lastFailure = number;
    return this.#copyMessage(number, whoBytes, bytes);
  }

  #copyMessage(number: number, whoBytes: number, bytes: number): number {
    const [desk, from, { shard }] = [this.#desk, this.#from, this.#to];
    let count = from.field(C.RESULT_COUNT);
    desk.stageName(shard, from.output.subarray(whoBytes, whoBytes + count));
    for (let position = 0; position < bytes;) {
      const answer = shard.appendArrivedFailure(this.#failure, position, 0, count);
      if (answer !== C.DONE) return answer;
      position += count;
      if (position >= bytes) break;
      from.readFailure(this.#id, number, position);
      count = from.field(C.RESULT_COUNT);
      desk.stageName(shard, from.output.subarray(0, count));
    }
    return this.#addFailure();
  }

  #addFailure(): number {
    const answer = this.#to.shard.addArrivedFailure(this.#arrival, this.#failure);
    if (answer !== C.DONE) return answer;
    this.#failure = 0;
    return C.NONE;
  }

  #depart(): number {
    this.#from.departMove(this.#id);
    this.#await(this.#from, this.#from.field(C.RESULT_LSN), SETTLE);
    return C.NONE;
  }

  #settle(): number {
    const [desk, from, { shard, tube }] = [this.#desk, this.#from, this.#to];
    const answer = shard.settleArrival(this.#id, desk.now);
    depend(desk, shard);
    desk.common.countMove(); // before it is gone here: who looked there too early looks again
    from.forgetMove(this.#id, desk.now);
    desk.hint(this.#id, shard);
    shard.unuseTube(tube);
    return answer;
  }

  /** Goes on with `next` when what the shard recorded up to there is safe. */
  #await(shard: Shard, lsn: number, next: number): void {
    this.#awaited = { shard, lsn };
    this.#next = next;
  }

  #answer(answer: number): number {
    const { output } = this.#desk;
    if (answer === C.OUT_OF_MEMORY) {
      this.#giveUp();
      output.reply(R.REPLY.OUT_OF_MEMORY);
    } else output.reply(answer === C.BURIED ? R.REPLY.BURIED : R.REPLY.MOVED);
    return FINISHED;
  }

  /** The job goes back to its place; what was copied of it goes. */
  #giveUp(): void {
    const [desk, { shard, tube }] = [this.#desk, this.#to];
    const [arrival, failure] = [this.#arrival, this.#failure];
    this.#from.abortMove(this.#id, desk.now);
    desk.room.whenThere(() => {
      if (failure !== 0) shard.dropFailure(failure);
      shard.dropArrival(arrival);
      shard.unuseTube(tube);
    });
  }

  drop(): void {
    if (this.#next < DEPART) this.#giveUp();
    else this.goOnAlone(() => undefined);
  }

  /** Goes on for nobody; `ended` hears whether the job has moved. */
  goOnAlone(ended: (hasMoved: boolean) => void): void {
    this.#desk.room.wait({
      hasRoom: () => this.hasRoom(),
      goOn: () => this.#turns.alone(() => this.#stepAlone(ended)),
    });
  }

  #stepAlone(ended: (hasMoved: boolean) => void): void {
    let answer = C.NONE;
    while (answer === C.NONE && this.hasRoom()) answer = this.#goOn();
    if (answer === C.NONE || answer === C.MORE) {
      this.goOnAlone(ended);
      return;
    }
    if (answer === C.OUT_OF_MEMORY) this.#giveUp();
    ended(answer !== C.OUT_OF_MEMORY);
  }
}

/** What a migration is made of. */
export interface MigrationParts {
  readonly desk: Desk;
  readonly turns: Turns;
  readonly id: number;
  /** Where the job is. */
  readonly from: Shard;
  /** Where it comes to; the tube is used, and that use is the migration's to end. */
  readonly to: PutTube;
}
