/* EngineRun: having the engine run the common commands of a chunk in one call (assembly/run.ts),
 * and taking over what it did.
 *
 * A run happens in one shard: that of the tube that the connection last put to or reserved from.
 * Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { heardAlone } from "./answers.ts";
import type { Desk, PutTube } from "./desk.ts";

/** Of a run that may not make the connection wait. */
export const NO_GENERATION = 0;

/** What a run did to the connection. */
export class EngineRun {
  /** The shard in which runs are tried. */
  shard: Shard;
  /** Commands that the last `take` ran. */
  commands = 0;
  /** Whether it put, whether it reserved. */
  hasPut = false;
  hasReserved = false;
  /** What to call the waiting that the next `take` may begin; NO_GENERATION: it may not. */
  generation = NO_GENERATION;
  /** Whether it made the connection wait: the result area says for how long. */
  isWaiting = false;
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  /** Ids that are the run's to give out, outside shard 0. */
  #firstId = 0;
  #lastId = -1;

  constructor(desk: Desk, reserver: Reserver, shard: Shard) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.shard = shard;
  }

  /**
   * Runs the commands at the beginning of bytes[at, end) that are complete and that the shard can
   * answer alone, at most `most` of them. Returns the position of the first that it left to the
   * session.
   */
  take(used: PutTube, bytes: Uint8Array, at: number, end: number, most: number): number {
    const desk = this.#desk;
    const { shard } = this;
    const offset = desk.stage(shard, bytes, at, end, end) - at;
    const reserver = this.#reserver;
    const record = reserver.record(shard);
    const flags = this.#flags(used);
    const { maxJobBytes } = desk.limits;
    let position = at;
    this.commands = 0;
    this.hasPut = false;
    this.hasReserved = false;
    this.isWaiting = false;
    do {
      shard.run(
        record,
        used.tube,
        flags,
        maxJobBytes,
        offset + position,
        end - position,
        most - this.commands,
        this.#firstId,
        this.#lastId,
        reserver.boundHigh,
        reserver.boundLow,
        this.generation,
        desk.now,
      );
      this.#takeOver();
      position = (position + shard.field(C.RESULT_COUNT)) | 0; // an integer, as others keep it
    } while (this.#canGoOn(end - position, most));
    desk.giveBackIds(this.#firstId, this.#lastId);
    this.#lastId = this.#firstId - 1;
    return position;
  }

  #flags(used: PutTube): number {
    const desk = this.#desk;
    let flags = desk.isOnlyShard ? C.RUN_ONLY_SHARD : 0;
    if (this.#reserver.boundBeyond(this.shard, desk.now)) flags |= C.RUN_RESERVES;
    if (this.generation !== NO_GENERATION && this.#reserver.isAllIn(this.shard))
      flags |= C.RUN_WAITS;
    if (used.shard === this.shard && used.tube !== 0 && desk.putRefusal === undefined)
      flags |= C.RUN_PUTS;
    if (desk.limits.maxBatchBytes >= C.INPUT_BYTES) flags |= C.RUN_BATCHES;
    return flags;
  }

  /** Takes over what the run left in the result area. */
  #takeOver(): void {
    const { shard } = this;
    const did = shard.field(C.RESULT_DID);
    const replyBytes = shard.field(C.RESULT_REPLY_BYTES);
    this.commands += shard.field(C.RESULT_COMMANDS);
    this.#firstId += shard.field(C.RESULT_IDS_USED);
    if ((did & C.DID_PUT) !== 0) this.hasPut = true;
    if ((did & C.DID_RESERVE) !== 0) this.hasReserved = true;
    if (replyBytes === 0) return;
    this.#desk.writeReplies(shard, replyBytes);
    const from = this.#desk.output.at - replyBytes;
    heardAlone(this.#desk, shard, shard.field(C.RESULT_LSN), from);
  }

  /** Sees to what the run stopped for; false when the next command is the session's. */
  #canGoOn(leftBytes: number, most: number): boolean {
    const { shard } = this;
    switch (shard.field(C.RESULT_STOP)) {
      case C.STOP_IDS:
        if (this.#firstId <= this.#lastId) return false;
        return this.#takeIds(Math.floor(leftBytes / shard.field(C.RESULT_BODY_BYTES)), most);
      case C.STOP_SHORT:
        return true;
      case C.STOP_WAITING:
        this.isWaiting = true;
        return false;
      case C.STOP_ROOM: // the session looks first whether the peer reads what has gathered
        return shard.field(C.RESULT_COUNT) > 0 && !this.#desk.output.isFull;
      default:
        return false;
    }
  }

  /**
   * Takes ids for `puts` puts, but for no more than the commands that may still run; false if there
   * are not so many left.
   */
  #takeIds(puts: number, most: number): boolean {
    const count = Math.max(1, Math.min(puts, most - this.commands));
    const first = this.#desk.takeIds(count);
    if (first === 0) return false;
    this.#firstId = first;
    this.#lastId = first + count - 1;
    return true;
  }
}
