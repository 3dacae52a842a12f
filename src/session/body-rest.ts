/* BodyRest: what is left of a long body that is being sent: it follows in pieces, as the client
 * takes them, and lies nowhere but in its shard until then.
 *
 * Invariant: the body is pinned from before its first byte leaves until all of it has, or the
 * connection is gone; so it is never torn, whatever becomes of the job. Made by `writeJob`, driven
 * by the session as a long command.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import { writeCrlf } from "../protocol/replies.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import type { Desk } from "./desk.ts";

/** A body up to here is sent at once: it fits what a thread gathers for one write. */
export const WHOLE_BODY_MAX = 2 * C.OUTPUT_BYTES;
/** Output slots that one step sends. */
const STEP_SLOTS = 3;

/** The rest of one body. */
export class BodyRest implements LongCommand {
  readonly #desk: Desk;
  readonly #shard: Shard;
  readonly #id: number;
  readonly #bytes: number;
  #position: number;
  #isPinned = true;

  /**
   * The rest of the pinned body of job `id`, `bytes` long, behind what has been written already.
   */
  constructor(desk: Desk, shard: Shard, id: number, bytes: number, position: number) {
    this.#desk = desk;
    this.#shard = shard;
    this.#id = id;
    this.#bytes = bytes;
    this.#position = position;
    desk.bodiesUnderWay++;
  }

  /** It writes nothing into the journal. */
  hasRoom(): boolean {
    return true;
  }

  step(): number {
    const { output } = this.#desk;
    for (let slot = 0; slot < STEP_SLOTS && this.#position < this.#bytes; slot++) this.#write();
    if (this.#position < this.#bytes) return UNFINISHED;
    output.room(2);
    output.at = writeCrlf(output.bytes, output.at);
    this.drop();
    return FINISHED;
  }

  #write(): void {
    const shard = this.#shard;
    if (shard.readBody(this.#id, this.#position) !== C.DONE)
      throw new RangeError("a body that is pinned has gone");
    const count = shard.field(C.RESULT_COUNT);
    this.#desk.writeReplies(shard, count);
    this.#position += count;
  }

  drop(): void {
    if (!this.#isPinned) return;
    this.#isPinned = false;
    this.#desk.bodiesUnderWay--;
    this.#shard.unpinBody(this.#id);
  }
}
