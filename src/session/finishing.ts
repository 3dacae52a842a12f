/* Finishing: the jobs that a connection ends with a result.
 *
 * Whether it holds the job is seen before the result is taken in, which then goes to the job's
 * shard piece by piece (result-text.ts). Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import { COUNTER_RESULTS_LOST } from "./counters.ts";
import { holderOf } from "./failing.ts";
import type { Intake, Receiver } from "./intake.ts";
import type { Desk } from "./desk.ts";
import { mayKeep, ResultText } from "./result-text.ts";
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
    const shard = holderOf(desk, this.#reserver, desk.command.id);
    if (shard === undefined) {
      this.#window.tellAll();
      this.#intake.swallow(bytes, R.REPLY.NOT_FOUND);
      return;
    }
    const record = this.#reserver.record(shard);
    this.#intake.begin(bytes, new Finished(desk, shard, record, this.#window));
  }
}

/** A job whose result is on its way: made of the desk's command. */
class Finished implements Receiver {
  readonly #desk: Desk;
  readonly #record: number;
  readonly #id: number;
  readonly #keepSeconds: number;
  readonly #text: ResultText;
  readonly #window: Window;

  constructor(desk: Desk, shard: Shard, record: number, window: Window) {
    const { id, keep, bytes } = desk.command;
    this.#desk = desk;
    this.#record = record;
    this.#id = id;
    this.#keepSeconds = keep;
    this.#text = new ResultText(desk, shard, bytes);
    this.#window = window;
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    return this.#text.append(position, bytes, at, count, end);
  }

  finish(): void {
    const desk = this.#desk;
    const { shard } = this.#text;
    const keep = this.#keepSeconds;
    const isKept = keep > 0 && this.#text.isInside && mayKeep(desk, this.#text.bytes, 0);
    const text = this.#text.take();
    const answer = shard.finish(this.#record, this.#id, text, keep, isKept ? 1 : 0, desk.now);
    if (answer === C.NOT_FOUND) {
      if (text !== 0) shard.dropFailure(text); // its time was over before the result was there
      this.#window.tellAll();
      desk.output.reply(R.REPLY.NOT_FOUND);
      return;
    }
    if (keep > 0 && shard.field(C.RESULT_COUNT) === 0) desk.count(COUNTER_RESULTS_LOST, 1);
    depend(desk, shard);
    desk.output.reply(R.REPLY.FINISHED);
  }

  drop(): void {
    this.#text.drop();
  }
}
