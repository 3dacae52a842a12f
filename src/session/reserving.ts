/* Reserving: a session's reserves: a job now, or waiting for one, and what ends the waiting.
 *
 * A session waits in one reserve at most; each has a number that grants name, so one that comes too
 * late goes back to its tube. A grant that was made is never dropped: whatever ends the waiting
 * looks for it first. Everything is called in a turn of the session (session.ts), which sends what
 * a long reply still needs.
 */

import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { writeJob } from "./answers.ts";
import { COUNTER_WAITING } from "./counters.ts";
import type { Desk } from "./desk.ts";
import type { Blocked, Turns } from "./turns.ts";

const GENERATION_MAX = 0x3fff_ffff; // a small integer

/** The reserves of one session. */
export class Reserving {
  readonly #desk: Desk;
  readonly #turns: Turns;
  readonly #reserver: Reserver;
  /** Who waits. */
  readonly #session: Blocked;
  #isBlocked = false;
  /** Number of the last reserve that may have blocked. */
  #generation = 0;
  /** When its time-out comes; Infinity for never. */
  #untilMicros = Infinity;

  constructor(desk: Desk, turns: Turns, reserver: Reserver, session: Blocked) {
    this.#desk = desk;
    this.#turns = turns;
    this.#reserver = reserver;
    this.#session = session;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** The number of the next reserve that blocks; never 0. */
  get nextGeneration(): number {
    return this.#generation === GENERATION_MAX ? 1 : this.#generation + 1;
  }

  /**
   * Replies with a job, or waits for one for `timeoutMicros` at most; without waiting if the peer
   * has ended. Returns the shard that the job came from.
   */
  reserve(timeoutMicros: number, hasEnded: boolean): Shard | undefined {
    const { now } = this.#desk;
    const reserver = this.#reserver;
    const mayWait = timeoutMicros > 0 && !hasEnded;
    const shard = mayWait ? reserver.takeOrWait(this.nextGeneration, now) : reserver.take(now);
    if (shard !== undefined) this.deliver(shard);
    else if (mayWait && reserver.isWaiting) this.#block(timeoutMicros, reserver.dueMicros);
    else {
      const reply = this.#isSoon() ? R.REPLY.DEADLINE_SOON : R.REPLY.TIMED_OUT;
      this.#desk.output.reply(this.#emptyReply(reply));
    }
    return shard;
  }

  /** Replies with a job or TIMED_OUT, as while a window is open. Returns as `reserve` does. */
  reserveNow(): Shard | undefined {
    const shard = this.#reserver.take(this.#desk.now);
    if (shard !== undefined) this.deliver(shard);
    else this.#desk.output.reply(this.#emptyReply(R.REPLY.TIMED_OUT));
    return shard;
  }

  /** What says that there is no job, unless there was no memory to be given one. */
  #emptyReply(reply: Uint8Array): Uint8Array {
    return this.#reserver.isRefused ? R.REPLY.OUT_OF_MEMORY : reply;
  }

  /** The engine's run has made the session wait, as the shard's result area says. */
  blockAfterRun(shard: Shard): void {
    const seconds = shard.field(C.RESULT_TIMEOUT_SECONDS);
    const timeoutMicros = seconds === C.NO_TIMEOUT ? Infinity : seconds * MICROS;
    this.#block(timeoutMicros, shard.field(C.RESULT_DUE));
  }

  #block(timeoutMicros: number, firstDueMicros: number): void {
    const desk = this.#desk;
    this.#generation = this.nextGeneration;
    this.#isBlocked = true;
    desk.count(COUNTER_WAITING, 1);
    this.#untilMicros = desk.now + timeoutMicros;
    this.#wakeBy(firstDueMicros);
  }

  /** Has the session woken for its time-out, or for what it holds, whichever comes first. */
  #wakeBy(firstDueMicros: number): void {
    const session = this.#session;
    const soonMicros =
      firstDueMicros === C.NEVER_MICROS ? Infinity : firstDueMicros - C.SAFETY_MARGIN_MICROS;
    session.dueMicros = Math.min(this.#untilMicros, soonMicros);
    if (session.dueMicros < C.NEVER_MICROS) this.#turns.blocked.add(session);
  }

  /** Whether DEADLINE_SOON is due for what the session holds. */
  #isSoon(): boolean {
    return this.#reserver.soonestMicros() - C.SAFETY_MARGIN_MICROS <= this.#desk.now;
  }

  /**
   * Replies RESERVED. Its own TTR can only run out meanwhile if the thread stood still for that
   * long; DEADLINE_SOON says so.
   */
  deliver(shard: Shard): void {
    const desk = this.#desk;
    const lost = (): void => desk.output.reply(R.REPLY.DEADLINE_SOON);
    if (!writeJob(desk, R.writeReserved, shard, lost, this.#reserver.record(shard))) lost();
  }

  /** The session waits no more; what was granted meanwhile is the caller's to see to. */
  unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#turns.blocked.remove(this.#session);
    this.#desk.count(COUNTER_WAITING, -1);
  }

  /** Waits no more, and is told nothing; a grant that was made goes back to its tube. */
  standDown(): void {
    if (!this.#isBlocked) return;
    const { now } = this.#desk;
    this.unblock();
    const shard = this.#reserver.stopWaiting(now);
    if (shard !== undefined) this.#reserver.handBack(shard, now);
  }

  /** The peer has ended: the waiting ends with a grant if one was made, else without a job. */
  end(): void {
    if (this.#isBlocked) this.#stop(R.REPLY.TIMED_OUT);
  }

  /**
   * The time-out, or a deadline of what the session holds, is due; or was, and somebody has vouched
   * for the session since.
   */
  expire(): void {
    const { now } = this.#desk;
    const firstDueMicros = this.#reserver.soonestMicros();
    if (firstDueMicros - C.SAFETY_MARGIN_MICROS <= now) this.#stop(R.REPLY.DEADLINE_SOON);
    else if (this.#untilMicros <= now) this.#stop(R.REPLY.TIMED_OUT);
    else {
      this.#turns.blocked.remove(this.#session);
      this.#wakeBy(firstDueMicros);
    }
  }

  #stop(reply: Uint8Array): void {
    const { now, output } = this.#desk;
    this.unblock();
    const shard = this.#reserver.stopWaiting(now);
    if (shard === undefined) output.reply(reply);
    else this.deliver(shard);
  }

  /**
   * A grant for the session was collected (RESERVED) or had run out (LOST); true when the session
   * has its job.
   */
  granted(shard: Shard, answer: number): boolean {
    const { now } = this.#desk;
    const reserver = this.#reserver;
    const isWanted = this.#isBlocked && shard.field(C.RESULT_GENERATION) === this.#generation;
    if (!isWanted) {
      if (answer === C.RESERVED) reserver.handBack(shard, now);
      return false;
    }
    if (answer === C.LOST && !reserver.waitIn(shard, this.#generation, now)) return false;
    this.deliver(shard);
    reserver.stopWaitingBut(shard, now);
    this.unblock();
    return true;
  }
}
