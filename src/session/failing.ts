/* Failing: bury, release and move with a message that says why.
 *
 * Whether the connection may do it is seen before the message is taken in, which then goes to
 * the job's shard piece by piece: it is kept with the job when the command comes to its end.
 * Without memory for it the command does its work all the same, and the message is lost. Used by
 * the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { OP } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import type { Intake, Receiver } from "./intake.ts";
import type { Desk } from "./desk.ts";
import { MessageText } from "./message-text.ts";
import type { Moving } from "./moving.ts";
import type { Window } from "./window.ts";

/** One connection's commands that bring a failure message. */
export class Failing {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #intake: Intake;
  readonly #window: Window;
  readonly #moving: Moving;

  constructor(desk: Desk, reserver: Reserver, intake: Intake, window: Window, moving: Moving) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#intake = intake;
    this.#window = window;
    this.#moving = moving;
  }

  /** The bury, release or move (`op`) that the desk's command names; its message follows. */
  begin(op: number, line: Uint8Array): void {
    const desk = this.#desk;
    const { bytes } = desk.command;
    if (bytes > desk.limits.maxFailureBytes) {
      this.#intake.swallow(bytes, R.REPLY.JOB_TOO_BIG);
      return;
    }
    if (desk.isReadOnly) {
      this.#intake.swallow(bytes, R.REPLY.OUT_OF_MEMORY);
      return;
    }
    const findShard = op === OP.MOVE ? moverOf : holderOf;
    const shard = findShard(desk, this.#reserver, desk.command.id);
    if (shard === undefined) {
      this.#window.tellAll();
      this.#intake.swallow(bytes, R.REPLY.NOT_FOUND);
      return;
    }
    const failed = new Failed(desk, shard, this.#reserver.record(shard), op, this.#window);
    const name = desk.copyName(line);
    const receiver = op === OP.MOVE ? new MovedWith(desk, failed, this.#moving, name) : failed;
    this.#intake.begin(bytes, receiver);
  }
}

/** The shard of a job that a connection may move; it has a record there, if it can. */
export function moverOf(desk: Desk, reserver: Reserver, id: number): Shard | undefined {
  const shard = desk.shardOfJob(id);
  if (shard === undefined) return undefined;
  const isHeld = shard.field(C.RESULT_STATS + C.JOB_STATE) === C.STATE_RESERVED;
  const record = isHeld ? reserver.record(shard) : reserver.openRecord(shard);
  if (!isHeld) return shard;
  return record !== 0 && shard.holds(record, id, desk.now) === C.DONE ? shard : undefined;
}

/** The shard in which a connection holds job `id`. */
export function holderOf({ now }: Desk, reserver: Reserver, id: number): Shard | undefined {
  return reserver.opened.find((shard) => shard.holds(reserver.record(shard), id, now) === C.DONE);
}

/** A move whose message is on its way. */
class MovedWith implements Receiver {
  readonly #desk: Desk;
  readonly #failed: Failed;
  readonly #moving: Moving;
  readonly #name: Uint8Array;

  constructor(desk: Desk, failed: Failed, moving: Moving, name: Uint8Array) {
    this.#desk = desk;
    this.#failed = failed;
    this.#moving = moving;
    this.#name = name;
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    return this.#failed.append(position, bytes, at, count, end);
  }

  finish(): void {
    const { id, shard: failureShard } = this.#failed;
    const failure = this.#failed.take();
    this.#desk.rest = this.#moving.move({ id, name: this.#name, failure, failureShard });
  }

  drop(): void {
    this.#failed.drop();
  }
}

/** A bury or release whose message is on its way: made of the desk's command. */
class Failed implements Receiver {
  readonly id: number;
  readonly shard: Shard;
  readonly #desk: Desk;
  readonly #record: number;
  readonly #op: number;
  readonly #pri: number;
  readonly #delaySeconds: number;
  readonly #window: Window;
  readonly #text: MessageText;

  constructor(desk: Desk, shard: Shard, record: number, op: number, window: Window) {
    const { id, pri, delay, bytes } = desk.command;
    this.#desk = desk;
    this.shard = shard;
    this.#record = record;
    this.#op = op;
    this.id = id;
    this.#pri = pri;
    this.#delaySeconds = delay;
    this.#window = window;
    this.#text = new MessageText(desk, shard, record, bytes);
  }

  /** The failure, which is the caller's now; 0 when there was no memory for it. */
  take(): number {
    return this.#text.take();
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    return this.#text.append(position, bytes, at, count, end);
  }

  finish(): void {
    const desk = this.#desk;
    const shard = this.shard;
    const failure = this.take();
    const answer = this.#run(failure);
    if (answer === C.NOT_FOUND) {
      if (failure !== 0) shard.dropFailure(failure); // its time was over before that was there
      this.#window.tellAll();
      desk.output.reply(R.REPLY.NOT_FOUND);
      return;
    }
    depend(desk, shard);
    const isReleased = this.#op === OP.RELEASE && answer === C.DONE;
    desk.output.reply(isReleased ? R.REPLY.RELEASED : R.REPLY.BURIED);
  }

  #run(failure: number): number {
    const { now } = this.#desk;
    const [record, id, pri] = [this.#record, this.id, this.#pri];
    return this.#op === OP.BURY
      ? this.shard.bury(record, id, pri, failure, now)
      : this.shard.release(record, id, pri, this.#delaySeconds, failure, now);
  }

  drop(): void {
    this.#text.drop();
  }
}
