/* Migration: one job on its way to a tube of another shard, whose memory is another one: it is
 * copied, piece by piece (job-copy.ts).
 *
 * The job has moved once the record of the copy is safe; only when the tombstone of the first one
 * is safe too does the copy take its place. Before its failures are recorded there, what stands in
 * front of its leaving is safe: a crash that lost only that would leave half of what happened. So
 * it waits for the journal three times, with other connections' turns meanwhile. When its
 * connection ends before that, a copy that is not recorded is given up, and one that is goes on
 * alone. Made by Moving and dead-letters.ts.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import type { Desk, PutTube } from "./desk.ts";
import { JobCopy } from "./job-copy.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import type { Turns } from "./turns.ts";

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
  /** Its own until it is recorded. */
  readonly #copy: JobCopy;
  /** Up to where the stream of the shard that it leaves went when it left its place. */
  readonly #leftLsn: number;
  #next = COPY_BODY;
  /** Position in a shard's stream that has to be safe before it goes on. */
  #awaited: { readonly shard: Shard; readonly lsn: number } | undefined;

  private constructor(parts: MigrationParts, copy: JobCopy, leftLsn: number) {
    this.#desk = parts.desk;
    this.#turns = parts.turns;
    this.#id = parts.id;
    this.#from = parts.from;
    this.#to = parts.to;
    this.#copy = copy;
    this.#leftLsn = leftLsn;
  }

  /**
   * Begins with a job that is MOVING and that the result area of its shard describes; undefined,
   * and it stays where it is, when the other shard cannot take it.
   */
  static begin(parts: MigrationParts): Migration | undefined {
    const { from, to, id, desk } = parts;
    const leftLsn = from.field(C.RESULT_LSN);
    const copy = JobCopy.open(desk, id, from, to);
    if (copy !== undefined) return new Migration(parts, copy, leftLsn);
    from.abortMove(id, desk.now);
    return undefined;
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
    const answer = this.#copy.copyBody();
    if (answer !== C.DONE) return answer;
    this.#await(this.#from, this.#leftLsn, COPY_FAILURES);
    return C.NONE;
  }

  /** The next failure; when there is none left, the copy is whole and is recorded. */
  #copyFailure(): number {
    const answer = this.#copy.copyFailure();
    if (answer !== C.DONE) return answer;
    const { shard } = this.#to;
    shard.commitArrival(this.#copy.address);
    this.#await(shard, shard.field(C.RESULT_LSN), DEPART);
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
    this.#from.abortMove(this.#id, desk.now);
    desk.room.whenThere(() => {
      this.#copy.drop();
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
