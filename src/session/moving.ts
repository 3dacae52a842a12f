/* Moving: move: a job goes to another tube, of any shard, with its id, its attempts and its
 * failures.
 *
 * Made by the session, for `move` lines and for those whose failure message has come (failing.ts).
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { textOf } from "../protocol/ascii.ts";
import { OP } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import { isBodyHere } from "./away-body.ts";
import type { Clearance } from "./clearance.ts";
import type { Desk, PutTube } from "./desk.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { Migration } from "./migration.ts";
import { answerFull } from "./putting.ts";
import type { Turns } from "./turns.ts";
import type { Window } from "./window.ts";

const BUSY = "busy";

/** What is to be moved whereto. */
export interface Move {
  readonly id: number;
  /** The name of the tube. */
  readonly name: Uint8Array;
  /** What is said about it: a whole failure, and the shard that it is in; 0 for nothing. */
  readonly failure: number;
  readonly failureShard?: Shard;
}

/** The moves of one connection. */
export class Moving {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #turns: Turns;
  readonly #window: Window;
  readonly #clearance: Clearance | undefined;

  /** Without `clearance` it may move every job. */
  constructor(desk: Desk, reserver: Reserver, turns: Turns, window: Window, clearance?: Clearance) {
    this.#clearance = clearance;
    this.#desk = desk;
    this.#reserver = reserver;
    this.#turns = turns;
    this.#window = window;
  }

  /** The move that the desk's command names; returns what goes on in further turns. */
  moveByLine(line: Uint8Array): LongCommand | undefined {
    const { id } = this.#desk.command;
    return this.move({ id, name: this.#desk.copyName(line), failure: 0 });
  }

  /** Moves or begins to, and returns what goes on in further turns; else it has answered. */
  move(move: Move): LongCommand | undefined {
    const begun = this.#begin(move);
    return begun === BUSY ? this.#again(move) : begun;
  }

  /**
   * The same; BUSY, and nothing is answered, while somebody else moves the job. What it may do is
   * asked here: the job may be in another tube than when the line came.
   */
  #begin(move: Move): LongCommand | typeof BUSY | undefined {
    const refusal = this.#clearance && this.#refusalBy(this.#clearance, move);
    if (refusal !== undefined) return this.#refuse(move, refusal);
    const from = this.#desk.shardOfJob(move.id);
    if (from !== undefined && this.#desk.isJournalFull) {
      return this.#refuse(move, R.REPLY.OUT_OF_MEMORY);
    }
    if (from === undefined) return this.#refuse(move, R.REPLY.NOT_FOUND);
    const to = this.#desk.useTube(move.name);
    if (to === undefined) return this.#refuse(move, R.REPLY.OUT_OF_MEMORY);
    return this.#moveTo(move, from, to);
  }

  #refusalBy(clearance: Clearance, { id, name }: Move): Uint8Array | undefined {
    if (!clearance.reaches(OP.MOVE, id)) return R.REPLY.NOT_FOUND;
    return clearance.mayPut(textOf(name)) ? undefined : R.REPLY.DENIED;
  }

  #moveTo(move: Move, from: Shard, to: PutTube): LongCommand | typeof BUSY | undefined {
    const { id } = move;
    const { now } = this.#desk;
    const record = this.#reserver.record(from);
    const failure = from === move.failureShard ? move.failure : 0;
    let answer =
      from === to.shard
        ? from.moveJob(record, id, to.tube, failure, now)
        : this.#mayArrive(id, from, to);
    if (answer === C.MORE) {
      answer = from.beginMove(record, id, failure, now);
      if (answer === C.DONE) return this.#migrate(move, from, to, failure);
      if (answer === C.MORE) answer = C.DONE; // it had been cancelled
    }
    to.shard.unuseTube(to.tube);
    if (answer === C.BUSY) return BUSY;
    if (answer === C.FULL) return this.#refuseFull(move, to);
    if (answer === C.NOT_FOUND) return this.#refuse(move, R.REPLY.NOT_FOUND);
    if (answer === C.OUT_OF_MEMORY) return this.#refuse(move, R.REPLY.OUT_OF_MEMORY);
    this.#forgetMessage(move, failure);
    depend(this.#desk, from);
    this.#desk.output.reply(answer === C.BURIED ? R.REPLY.BURIED : R.REPLY.MOVED);
    return undefined;
  }

  /** MORE when the tube, of another shard, takes the job; else FULL, or NOT_FOUND. */
  #mayArrive(id: number, from: Shard, { shard, tube }: PutTube): number {
    if (from.peek(id, this.#desk.now) !== C.DONE) return C.NOT_FOUND;
    const answer = shard.mayArrive(tube, from.field(C.RESULT_BODY_BYTES));
    return answer === C.DONE ? C.MORE : answer;
  }

  #refuseFull(move: Move, { shard }: PutTube): undefined {
    this.#forgetMessage(move, 0);
    answerFull(this.#desk, shard);
  }

  #migrate(move: Move, from: Shard, to: PutTube, failure: number): LongCommand | undefined {
    this.#forgetMessage(move, failure);
    const parts = { desk: this.#desk, turns: this.#turns, id: move.id, from, to };
    const migration = Migration.begin(parts);
    if (migration !== undefined) return migration;
    to.shard.unuseTube(to.tube);
    this.#desk.output.reply(R.REPLY.OUT_OF_MEMORY);
    return undefined;
  }

  /** Somebody else moves it, or its body is away: again when that is over. */
  #again(move: Move): LongCommand {
    let long: LongCommand | undefined;
    return {
      hasRoom: () =>
        long?.hasRoom() ?? (this.#desk.room.isThere && isBodyHere(this.#desk, move.id)),
      step: () => {
        if (long !== undefined) return long.step();
        const begun = this.#begin(move);
        if (begun !== BUSY) long = begun;
        return begun === undefined ? FINISHED : UNFINISHED;
      },
      drop: () => {
        if (long === undefined) this.#forgetMessage(move, 0);
        else long.drop?.();
      },
    };
  }

  #refuse(move: Move, reply: Uint8Array): undefined {
    this.#forgetMessage(move, 0);
    if (reply === R.REPLY.NOT_FOUND) this.#window.tellAll(); // what explains it comes first
    this.#desk.output.reply(reply);
  }

  /** What was said and is not kept with the job: all but `kept`. */
  #forgetMessage({ failure, failureShard }: Move, kept: number): void {
    if (failure !== 0 && failure !== kept) failureShard?.dropFailure(failure);
  }
}
