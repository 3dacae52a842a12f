/* JobCommands: the commands that name a job by its id.
 *
 * An id says nothing about where the job is, so the shards are asked in turn, the likeliest first:
 * a lock and a look into a table each. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { OP } from "../protocol/commands.ts";
import { Command } from "../protocol/line.ts";
import * as R from "../protocol/replies.ts";
import type { Clearance } from "./clearance.ts";
import { depend, heardEarly, writeBytes, writeDocument, writeJob } from "./answers.ts";
import { isBodyHere } from "./away-body.ts";
import { failureList, failuresOf, shownFailure } from "./failures.ts";
import type { Desk } from "./desk.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { jobStats } from "./statistics.ts";
import type { Window } from "./window.ts";

/** A bury or a release that says nothing; those that do are failing.ts's. */
const NO_FAILURE = 0;

/** What the commands answer that either do what they say or do not find their job. */
const DONE_REPLIES: Readonly<Record<number, Uint8Array>> = {
  [OP.DELETE]: R.REPLY.DELETED,
  [OP.RELEASE]: R.REPLY.RELEASED,
  [OP.BURY]: R.REPLY.BURIED,
  [OP.TOUCH]: R.REPLY.TOUCHED,
  [OP.KICK_JOB]: R.REPLY.KICKED,
  [OP.HAND_BACK]: R.REPLY.HANDED_BACK,
  [OP.UPDATE_JOB]: R.REPLY.UPDATED,
  [OP.CANCEL]: R.REPLY.CANCELLED,
};

/** What they answer where something else came of it. */
const OTHER_REPLIES: Readonly<Record<number, Uint8Array>> = {
  [C.BURIED]: R.REPLY.BURIED,
  [C.MORE]: R.REPLY.CANCELLING,
};

/** One connection's commands on jobs. */
export class JobCommands {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #window: Window;
  readonly #clearance: Clearance | undefined;
  /** What the shards answered last. */
  #answer = C.NONE;

  /** Where there is a `clearance`, it was asked before a command is run. */
  constructor(desk: Desk, reserver: Reserver, window: Window, clearance?: Clearance) {
    this.#clearance = clearance;
    this.#desk = desk;
    this.#reserver = reserver;
    this.#window = window;
  }

  /**
   * Runs delete, release, bury, touch, kick-job, hand-back, update-job, cancel, peek, stats-job,
   * peek-failure, list-failures or peek-progress; false for any other operation.
   */
  run(op: number): boolean {
    const done = DONE_REPLIES[op];
    if (done !== undefined) this.#act(op, done);
    else if (op === OP.PEEK) this.#peek();
    else if (op === OP.STATS_JOB) this.#stats();
    else if (op === OP.PEEK_FAILURE) this.#peekFailure();
    else if (op === OP.LIST_FAILURES) this.#listFailures();
    else if (op === OP.PEEK_PROGRESS) this.#peekProgress();
    else return false;
    return true;
  }

  #act(op: number, done: Uint8Array): void {
    const desk = this.#desk;
    const shard = this.#find(op);
    if (this.#answer === C.NOT_FOUND) {
      this.#answerNotFound();
      return;
    }
    if (this.#answer === C.BUSY) {
      desk.rest = this.#again(op, done);
      return;
    }
    if (op !== OP.TOUCH) depend(desk, shard);
    desk.output.room(R.REPLY_LINE_MAX);
    const from = desk.output.at;
    desk.output.reply(OTHER_REPLIES[this.#answer] ?? done);
    if (op === OP.DELETE || op === OP.CANCEL)
      heardEarly(desk, shard, shard.field(C.RESULT_LSN), from);
    // Who holds it hears so at once who cancels it.
    if (op === OP.CANCEL) this.#window.tellAll();
  }

  /** Says what explains that jobs are not found. */
  explain(): void {
    this.#window.tellAll();
  }

  /** Replies NOT_FOUND, behind what explains it. */
  #answerNotFound(): void {
    this.explain();
    this.#desk.output.reply(R.REPLY.NOT_FOUND);
  }

  /** The same command again, once the job has come where it is going, if that is in its reach. */
  #again(op: number, done: Uint8Array): LongCommand {
    const desk = this.#desk;
    const command = Object.assign(new Command(), desk.command);
    return {
      hasRoom: () => desk.room.isThere && isBodyHere(desk, command.id),
      step: () => {
        Object.assign(desk.command, command);
        if (!this.#reaches(op, command.id)) {
          this.#answerNotFound();
          return FINISHED;
        }
        this.#act(op, done);
        if (this.#answer !== C.BUSY) return FINISHED;
        desk.takeRest(); // this one goes on
        return UNFINISHED;
      },
    };
  }

  #reaches(op: number, id: number): boolean {
    return this.#clearance?.reaches(op, id) !== false;
  }

  #peek(): void {
    const desk = this.#desk;
    const shard = this.#find(OP.PEEK);
    const lost = (): void => this.#answerNotFound();
    const isShown = this.#answer === C.DONE && writeJob(desk, R.writeFound, shard, lost);
    if (!isShown) lost();
  }

  #stats(): void {
    const desk = this.#desk;
    const shard = this.#find(OP.STATS_JOB);
    if (this.#answer !== C.DONE) {
      this.#answerNotFound();
      return;
    }
    depend(desk, shard); // nobody hears of an id that might be given out again
    writeDocument(desk, jobStats(desk, shard, desk.command.id));
  }

  #peekFailure(): void {
    const desk = this.#desk;
    const { id } = desk.command;
    const shard = this.#find(OP.PEEK_FAILURE);
    const failure = this.#answer === C.DONE ? shownFailure(desk, shard, id) : undefined;
    if (failure?.message === undefined) this.#answerNotFound();
    else writeBytes(desk, R.writeFound, id, failure.message);
  }

  #peekProgress(): void {
    const desk = this.#desk;
    const { id } = desk.command;
    const shard = this.#find(OP.PEEK_PROGRESS);
    if (this.#answer !== C.DONE) {
      this.#answerNotFound();
      return;
    }
    depend(desk, shard);
    writeBytes(desk, R.writeFound, id, shard.output.slice(0, shard.field(C.RESULT_BODY_BYTES)));
  }

  #listFailures(): void {
    const desk = this.#desk;
    const { id } = desk.command;
    const shard = this.#find(OP.LIST_FAILURES);
    if (this.#answer === C.DONE)
      writeDocument(desk, failureList(desk, failuresOf(desk, shard, id)));
    else this.#answerNotFound();
  }

  /**
   * Deletes job `id` as delete does, without an answer; false when it was not found, undefined
   * while it is on its way to another shard.
   */
  delete(id: number): boolean | undefined {
    const desk = this.#desk;
    desk.command.id = id;
    const shard = this.#find(OP.DELETE);
    if (this.#answer === C.NOT_FOUND) return false;
    if (this.#answer === C.BUSY) return undefined;
    depend(desk, shard);
    return true;
  }

  /**
   * Looks at job `id` as explain does: the shard whose result area shows it; undefined, and
   * answered, when there is none.
   */
  look(id: number): Shard | undefined {
    this.#desk.command.id = id;
    const isInReach = this.#reaches(OP.EXPLAIN, id); // it goes on over turns
    const shard = this.#find(OP.EXPLAIN);
    if (isInReach && this.#answer === C.DONE) return shard;
    this.#answerNotFound();
    return undefined;
  }

  /**
   * reserve-job: the shard whose result area shows the job that was reserved; undefined, and
   * answered, when there is none.
   */
  reserve(): Shard | undefined {
    const { output } = this.#desk;
    let shard = this.#find(OP.RESERVE_JOB);
    if (this.#answer === C.MORE) {
      // The first thing that this connection has in that shard.
      if (this.#reserver.openRecord(shard) === 0) {
        output.reply(R.REPLY.OUT_OF_MEMORY);
        return undefined;
      }
      shard = this.#find(OP.RESERVE_JOB);
    }
    if (this.#answer === C.RESERVED) return shard;
    if (this.#answer === C.OUT_OF_MEMORY) output.reply(R.REPLY.OUT_OF_MEMORY);
    else this.#answerNotFound();
    return undefined;
  }

  /**
   * Asks the shards in turn; the answer is in #answer and in the result area of the shard that gave
   * it.
   */
  #find(op: number): Shard {
    const desk = this.#desk;
    const { id } = desk.command;
    const found = desk.seekJob(id, (shard) => {
      this.#answer = this.#ask(op, shard);
      return this.#answer !== C.NOT_FOUND;
    });
    return found ?? desk.likelyShard(id);
  }

  /** What is to be told comes before the job. */
  #askToReserve(shard: Shard, record: number): number {
    const { command, now } = this.#desk;
    let answer = C.NONE;
    do answer = shard.reserveJob(record, command.id, now);
    while (this.#reserver.hears(shard, answer));
    return answer;
  }

  /** Asks one shard to do what the command says to its job. */
  #ask(op: number, shard: Shard): number {
    const { command, now } = this.#desk;
    const { id, pri, delay } = command;
    const record = this.#reserver.record(shard);
    switch (op) {
      case OP.DELETE:
        return shard.deleteJob(record, id, now);
      case OP.RELEASE:
        return shard.release(record, id, pri, delay, NO_FAILURE, now);
      case OP.BURY:
        return shard.bury(record, id, pri, NO_FAILURE, now);
      case OP.TOUCH:
        return shard.touch(record, id, now);
      case OP.KICK_JOB:
        return shard.kickJob(id, now);
      case OP.HAND_BACK:
        return shard.handBack(record, id, delay, now);
      case OP.UPDATE_JOB:
        return shard.updateJob(id, pri, command.hasDelay ? delay : C.NO_DELAY, now);
      case OP.CANCEL:
        return shard.cancelJob(id, now);
      case OP.RESERVE_JOB:
        return this.#askToReserve(shard, record);
      case OP.PEEK:
        return shard.peek(id, now);
      case OP.PEEK_PROGRESS:
        return shard.peekProgress(id, now);
      case OP.EXPLAIN:
        return shard.explainJob(id, now);
      case OP.PEEK_FAILURE:
        return shard.lastMessage(id, now);
      default:
        return shard.statsJob(id, now);
    }
  }
}
