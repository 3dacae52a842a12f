/* AwayBody: the reply with a job whose body is not in memory: it is made when the body has been
 * read back (assembly/away.ts).
 *
 * The job is what it is all the while: one that was reserved is held, and its time to run begins
 * when it is shown. Should the connection go before, the job was never handed out. Made by
 * `writeJob` and by a reserve-batch, driven by the session as a long command: it waits as for room
 * in a ring. Commands that have to write the body anew, a move or a cancel, wait for it likewise.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { Desk } from "./desk.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";

/** Nobody holds the job that is shown. */
export const NO_HOLDER = 0;

/** Whether the body of job `id` is in memory, or there is no such job; else it is read back. */
export function isBodyHere(desk: Desk, id: number): boolean {
  const shard = desk.shardOfJob(id);
  return shard === undefined || shard.seekBody(id) === C.DONE;
}

/** What is awaited, and what is done when it is there. */
export interface AwayBodyParts {
  readonly desk: Desk;
  readonly shard: Shard;
  readonly id: number;
  /** The record in the shard of who has reserved it; or NO_HOLDER. */
  readonly holder: number;
  /** The result area of the shard shows the job. */
  readonly shown: () => void;
  /** It has gone meanwhile, or is not the holder's any more. */
  readonly lost: () => void;
}

/** A reply that waits for a body. */
export class AwayBody implements LongCommand {
  readonly #parts: AwayBodyParts;
  /** What the reply depends on besides: as the shard said it first. */
  readonly #position: number;

  /** Of the job that the result area of the shard shows. */
  constructor(parts: AwayBodyParts) {
    this.#parts = parts;
    this.#position = parts.shard.field(C.RESULT_LSN);
  }

  /** It writes nothing into the journal; what it waits for is the body. */
  hasRoom(): boolean {
    return this.#parts.shard.seekBody(this.#parts.id) === C.DONE;
  }

  step(): number {
    const { desk, shard, id, holder, shown, lost } = this.#parts;
    const answer = shard.showBody(holder, id, desk.now);
    if (answer === C.AWAY) return UNFINISHED;
    if (answer === C.DONE) {
      shard.result[C.RESULT_LSN] = this.#position;
      shown();
    } else lost();
    return FINISHED;
  }
}
