/*
 * Flushing: flush-tube: deleting what is in a tube, whoever holds it, piece by piece
 * (assembly/flushing.ts). Made by the session.
 *
 * Between two pieces jobs change their places. So a flush of several pieces goes through the tube
 * again until it finds nothing more to delete; it comes to an end because no job is new to it.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import type { Desk } from "./desk.ts";

/** One flush of one tube. */
export class Flush implements LongCommand {
  readonly #desk: Desk;
  readonly #shard: Shard;
  readonly #name: Uint8Array;
  /** Jobs that come later are not its business. */
  readonly #lastId: number;
  /* Where it is; see the engine. */
  #kind = C.KIND_RESERVED;
  #conn = 0;
  #major = 0;
  #minor = 0;
  #hasBegun = false;
  #deleted = 0;
  /** What had been deleted when it began to go through the tube for the last time. */
  #deletedBefore = 0;

  /** Of the tube of that name, which is in `shard`. */
  constructor(desk: Desk, shard: Shard, name: Uint8Array) {
    this.#desk = desk;
    this.#shard = shard;
    this.#name = name;
    this.#lastId = desk.lastId();
  }

  /**
   * A flush waits until the journal's ring is rather empty: what is left of it is for the others.
   */
  hasRoom(): boolean {
    return this.#desk.room.isToSpare(this.#shard);
  }

  step(): number {
    const desk = this.#desk;
    const shard = this.#shard;
    const answer = this.#flushPiece();
    this.#deleted += shard.field(C.RESULT_COUNT);
    if (answer === C.MORE) {
      this.#goOn();
      return UNFINISHED;
    }
    if (answer === C.DONE && this.#hasBegun && this.#deleted > this.#deletedBefore) {
      this.#beginAgain();
      return UNFINISHED;
    }
    if (answer === C.NOT_FOUND && !this.#hasBegun) desk.output.reply(R.REPLY.NOT_FOUND);
    else this.#answer();
    return FINISHED;
  }

  #flushPiece(): number {
    this.#desk.stageName(this.#shard, this.#name);
    return this.#shard.flushTube(
      0,
      this.#name.length,
      this.#kind,
      this.#conn,
      this.#major,
      this.#minor,
      this.#lastId,
      this.#desk.now,
    );
  }

  #goOn(): void {
    const shard = this.#shard;
    this.#hasBegun = true;
    this.#kind = shard.field(C.RESULT_REF);
    this.#conn = shard.field(C.RESULT_STATS + C.PLACE_CONN);
    this.#major = shard.field(C.RESULT_STATS + C.PLACE_MAJOR);
    this.#minor = shard.field(C.RESULT_STATS + C.PLACE_MINOR);
  }

  #beginAgain(): void {
    this.#deletedBefore = this.#deleted;
    this.#kind = C.KIND_RESERVED;
    this.#conn = this.#major = this.#minor = 0;
  }

  #answer(): void {
    const { output } = this.#desk;
    depend(this.#desk, this.#shard);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeFlushed(output.bytes, output.at, this.#deleted);
  }
}
