/*
 * Flushing: flush-tube: deleting what is in a tube and held by nobody, piece by piece
 * (assembly/flushing.ts). Made by the session.
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
  #kind = C.KIND_BURIED;
  #major = 0;
  #minor = 0;
  #hasBegun = false;
  #deleted = 0;

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
    this.#kind = shard.field(C.RESULT_REF);
    this.#major = shard.field(C.RESULT_STATS + C.FLUSH_MAJOR);
    this.#minor = shard.field(C.RESULT_STATS + C.FLUSH_MINOR);
    if (answer === C.MORE) {
      this.#hasBegun = true;
      return UNFINISHED;
    }
    if (answer === C.NOT_FOUND && !this.#hasBegun) desk.output.reply(R.REPLY.NOT_FOUND);
    else this.#answer();
    return FINISHED;
  }

  #flushPiece(): number {
    const { now } = this.#desk;
    const bytes = this.#name.length;
    this.#desk.stageName(this.#shard, this.#name);
    return this.#shard.flushTube(0, bytes, this.#kind, this.#major, this.#minor, this.#lastId, now);
  }

  #answer(): void {
    const { output } = this.#desk;
    depend(this.#desk, this.#shard);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeFlushed(output.bytes, output.at, this.#deleted);
  }
}
