/* Finishing: the jobs that a connection ends with a result.
 *
 * Whether it holds the job is seen before the result is taken in, which then goes to the job's
 * shard piece by piece. Where there is no room for it inside the memory cap it is taken in all the
 * same, for those who await the job now, and is not kept. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import { COUNTER_RESULTS_LOST } from "./counters.ts";
import type { Intake, Receiver } from "./intake.ts";
import type { Desk } from "./desk.ts";
import type { Window } from "./window.ts";

/** One connection's jobs that end with a result. */
export class Finishing {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #intake: Intake;
  readonly #window: Window;

  constructor(desk: Desk, reserver: Reserver, intake: Intake, window: Window) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#intake = intake;
    this.#window = window;
  }

  /** The `finish` that the desk's command names; its result follows. */
  begin(): void {
    const desk = this.#desk;
    const { bytes } = desk.command;
    if (bytes > desk.limits.maxResultBytes) {
      this.#intake.swallow(bytes, R.REPLY.JOB_TOO_BIG);
      return;
    }
    if (desk.isReadOnly) {
      this.#intake.swallow(bytes, R.REPLY.OUT_OF_MEMORY);
      return;
    }
    const shard = this.#holder();
    if (shard === undefined) {
      this.#window.tellAll();
      this.#intake.swallow(bytes, R.REPLY.NOT_FOUND);
      return;
    }
    const record = this.#reserver.record(shard);
    this.#intake.begin(bytes, new Finished(desk, shard, record, this.#window));
  }

  /** The shard in which this connection holds the job. */
  #holder(): Shard | undefined {
    const { command, now } = this.#desk;
    return this.#reserver.opened.find(
      (shard) => shard.holds(this.#reserver.record(shard), command.id, now) === C.DONE,
    );
  }
}

/** A job whose result is on its way: made of the desk's command. */
class Finished implements Receiver {
  readonly #desk: Desk;
  readonly #shard: Shard;
  readonly #record: number;
  readonly #id: number;
  readonly #keepSeconds: number;
  readonly #bytes: number;
  readonly #window: Window;
  /** Address of the result, 0 when there is no memory at all. */
  #result = 0;
  /** There is no room for it inside the memory cap. */
  #isBeyond = false;

  constructor(desk: Desk, shard: Shard, record: number, window: Window) {
    const { id, keep, bytes } = desk.command;
    this.#desk = desk;
    this.#shard = shard;
    this.#record = record;
    this.#id = id;
    this.#keepSeconds = keep;
    this.#bytes = bytes;
    this.#window = window;
    this.#open();
  }

  #open(): void {
    const shard = this.#shard;
    let answer = shard.withMemory(() => shard.openResult(this.#bytes, 0));
    this.#isBeyond = answer !== C.DONE;
    if (this.#isBeyond) answer = shard.openResult(this.#bytes, 1);
    if (answer === C.DONE) this.#result = shard.field(C.RESULT_REF);
  }

  /** Takes all of it, within the memory cap or beyond it. */
  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    const shard = this.#shard;
    const offset = this.#desk.stage(shard, bytes, at, at + count, end);
    let refusedAt = -1;
    for (let done = 0; done < count && this.#result !== 0;) {
      const answer = shard.appendResult(
        this.#result,
        position + done,
        offset + done,
        count - done,
        this.#isBeyond ? 1 : 0,
      );
      done += shard.field(C.RESULT_COUNT);
      if (answer !== C.OUT_OF_MEMORY) continue;
      if (this.#isBeyond) this.drop();
      else if (!shard.growBudget(done === refusedAt)) this.#isBeyond = true;
      refusedAt = done;
    }
    return count;
  }

  finish(): void {
    const desk = this.#desk;
    const shard = this.#shard;
    const [keep, mayKeep] = [this.#keepSeconds, this.#mayKeep()];
    const answer = shard.finish(
      this.#record,
      this.#id,
      this.#result,
      keep,
      mayKeep ? 1 : 0,
      desk.now,
    );
    if (answer === C.NOT_FOUND) {
      this.drop(); // its time to run was over before the result was there
      this.#window.tellAll();
      desk.output.reply(R.REPLY.NOT_FOUND);
      return;
    }
    if (keep > 0 && shard.field(C.RESULT_COUNT) === 0) desk.count(COUNTER_RESULTS_LOST, 1);
    depend(desk, shard);
    desk.output.reply(R.REPLY.FINISHED);
  }

  /** Whether there is room to keep it: in memory, among the results, in a record, on the disk. */
  #mayKeep(): boolean {
    const { shards, limits, journal } = this.#desk;
    if (this.#keepSeconds === 0 || this.#isBeyond) return false;
    if (journal !== undefined && (journal.isFull || this.#bytes > journal.resultBytesMax))
      return false;
    const kept = shards.reduce((sum, shard) => sum + shard.resultBytes(), 0);
    return kept + this.#bytes <= limits.maxResultsBytes;
  }

  drop(): void {
    const shard = this.#shard;
    if (this.#result !== 0) shard.dropFailure(this.#result);
    this.#result = 0;
  }
}
