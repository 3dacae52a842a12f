/*
 * Batches: delete-batch and reserve-batch: many jobs with one line. Made by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { OP } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import { AwayBody } from "./away-body.ts";
import { BodyRest } from "./body-rest.ts";
import type { Clearance } from "./clearance.ts";
import type { Desk } from "./desk.ts";
import type { JobCommands } from "./job-commands.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";

/** Jobs that one piece of a delete-batch deletes. */
const PIECE_JOBS = 100;

/** Deletes each job as delete does, piece by piece, as the journal has room. */
export class DeleteBatch implements LongCommand {
  readonly #desk: Desk;
  readonly #jobs: JobCommands;
  readonly #clearance: Clearance | undefined;
  readonly #ids: readonly number[];
  #done = 0;
  #deleted = 0;

  /** Of the jobs that the desk's command names, but for those that `clearance` keeps from it. */
  constructor(desk: Desk, jobs: JobCommands, clearance?: Clearance) {
    this.#desk = desk;
    this.#jobs = jobs;
    this.#clearance = clearance;
    this.#ids = desk.command.ids.slice();
  }

  hasRoom(): boolean {
    return this.#desk.room.isThere;
  }

  step(): number {
    const ids = this.#ids;
    const end = Math.min(ids.length, this.#done + PIECE_JOBS);
    while (this.#done < end && this.hasRoom()) {
      const isDeleted = this.#delete(ids[this.#done] ?? 0);
      if (isDeleted === undefined) return UNFINISHED; // it is on its way, and soon there
      if (isDeleted) this.#deleted++;
      this.#done++;
    }
    if (this.#done < ids.length) return UNFINISHED;
    const { output } = this.#desk;
    const missing = ids.length - this.#deleted;
    if (missing > 0) this.#jobs.explain();
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeDeletedBatch(output.bytes, output.at, this.#deleted, missing);
    return FINISHED;
  }

  /** As JobCommands.delete. */
  #delete(id: number): boolean | undefined {
    if (this.#clearance?.reaches(OP.DELETE_BATCH, id) === false) return false;
    return this.#jobs.delete(id);
  }
}

/** A job that was reserved and is to be sent. */
interface Taken {
  readonly id: number;
  readonly bytes: number;
  /** Its body; undefined when it is long, and then it is pinned in `shard` until it was sent. */
  readonly body: Uint8Array | undefined;
  readonly shard: Shard;
}

/**
 * Takes jobs one after the other, as reserve would without waiting, all in one turn but for bodies
 * that have to be read back; then sends them.
 *
 * How many there are is said first. So short bodies are copied as they are reserved, and long ones
 * pinned: whatever becomes of a job meanwhile, its line comes. No more are taken when so much has
 * gathered as a connection may have unread.
 */
export class ReserveBatch implements LongCommand {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #most: number;
  readonly #taken: Taken[] = [];
  /** What is to be sent of these. */
  #bytes = 0;
  /** The last one that was taken, whose body is not in memory. */
  #awaited: AwayBody | undefined;
  #isHeaded = false;
  /** Jobs whose lines have been written. */
  #sent = 0;
  /** What is left of the long body that is being sent. */
  #rest: BodyRest | undefined;

  /** Of at most so many jobs. */
  constructor(desk: Desk, reserver: Reserver, most: number) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#most = most;
    this.#take();
  }

  /** Takes what there is, as far as a body that is to be read back; says how many there are. */
  #take(): void {
    const desk = this.#desk;
    const { output } = desk;
    while (this.#taken.length < this.#most && this.#bytes < desk.limits.maxOutputBytes) {
      const shard = this.#reserver.take(desk.now);
      if (shard === undefined) break;
      if (shard.field(C.RESULT_AWAY) !== 0) {
        this.#awaited = this.#await(shard);
        return;
      }
      this.#bytes += this.#keep(shard);
    }
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeReservedBatch(output.bytes, output.at, this.#taken.length);
    this.#isHeaded = true;
  }

  /** Has the job that the shard's result area shows kept when its body is there. */
  #await(shard: Shard): AwayBody {
    return new AwayBody({
      desk: this.#desk,
      shard,
      id: shard.field(C.RESULT_ID),
      holder: this.#reserver.record(shard),
      shown: () => (this.#bytes += this.#keep(shard)),
      lost: () => undefined,
    });
  }

  /** Keeps the job that the shard's result area shows; returns how much is to be sent of it. */
  #keep(shard: Shard): number {
    const desk = this.#desk;
    const id = shard.field(C.RESULT_ID);
    const bytes = shard.field(C.RESULT_BODY_BYTES);
    depend(desk, shard);
    desk.hint(id, shard);
    const isLong = bytes > C.OUTPUT_BYTES;
    const body = isLong ? undefined : shard.output.slice(0, bytes);
    // It may only be gone if its time to run was over while this thread stood still.
    if (isLong && shard.pinBody(id) !== C.DONE) return 0;
    this.#taken.push({ id, bytes, body, shard });
    return bytes + R.REPLY_LINE_MAX;
  }

  /** It writes nothing into the journal; it may wait for a body. */
  hasRoom(): boolean {
    return this.#awaited?.hasRoom() ?? true;
  }

  step(): number {
    if (this.#awaited !== undefined && this.#awaited.step() !== FINISHED) return UNFINISHED;
    this.#awaited = undefined;
    if (!this.#isHeaded) {
      this.#take();
      return UNFINISHED;
    }
    if (this.#rest !== undefined && this.#rest.step() !== FINISHED) return UNFINISHED;
    this.#rest = undefined;
    const { output } = this.#desk;
    for (let one = this.#taken[this.#sent]; one !== undefined; one = this.#taken[this.#sent]) {
      const { id, bytes, body, shard } = one;
      output.room(R.REPLY_LINE_MAX);
      output.at = R.writeReserved(output.bytes, output.at, id, bytes);
      this.#sent++;
      if (body === undefined) {
        this.#rest = new BodyRest(this.#desk, shard, id, bytes, 0);
        return UNFINISHED;
      }
      output.chunk(body);
    }
    return FINISHED;
  }

  drop(): void {
    this.#rest?.drop();
    for (const { id, body, shard } of this.#taken.slice(this.#sent)) {
      if (body === undefined) shard.unpinBody(id);
    }
  }
}
