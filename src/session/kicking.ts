/*
 * Kicking: kick: making buried jobs of a tube ready, or delayed ones, in bounded steps: kicking a
 * million jobs keeps nobody waiting for long. Made by the session.
 */

import * as C from "../../assembly/constants.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import type { Desk, PutTube } from "./desk.ts";

/** One kick of the tube that a connection uses. */
export class Kick implements LongCommand {
  readonly #desk: Desk;
  readonly #used: PutTube;
  #left: number;
  /** Chosen by the first step. */
  #kind = C.KIND_ANY;
  #kicked = 0;

  /** Of as many jobs as the desk's command says. */
  constructor(desk: Desk, used: PutTube) {
    this.#desk = desk;
    this.#used = used;
    this.#left = desk.command.bound;
  }

  hasRoom(): boolean {
    return this.#desk.room.isThere;
  }

  step(): number {
    const desk = this.#desk;
    const { shard, tube } = this.#used;
    const answer = shard.kick(tube, this.#left, this.#kind, desk.now);
    const count = shard.field(C.RESULT_COUNT);
    this.#kind = shard.field(C.RESULT_REF);
    this.#kicked += count;
    this.#left -= count;
    depend(desk, shard);
    if (answer === C.MORE) return UNFINISHED;
    const { output } = desk;
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeKicked(output.bytes, output.at, this.#kicked);
    return FINISHED;
  }
}
