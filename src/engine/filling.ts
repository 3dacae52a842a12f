/* Filling: giving jobs unasked to a connection with a window, over the shards in which it watches.
 *
 * The protocol is that of test/model/window.pml. Shard by shard, in one critical section each, the
 * connection is given jobs while it holds fewer than its window allows, and waits there when
 * nothing is left. A grant ends the waiting in its shard alone; with a full window the connection
 * waits nowhere. Invariant: in a shard where it waits no job stands ready for it, so only where it
 * does not is there anything to look for; and among those shards the better job goes first.
 *
 * What a shard has written is taken over by the caller before the next call. Used by the session's
 * window; knows nothing of bytes.
 */
import * as C from "../../assembly/constants.ts";
import type { Reserver } from "./reserving.ts";
import type { Shard } from "./shard.ts";

/** Takes over what a call has written; false: no more for now. */
export type TakeOver = (shard: Shard, answer: number) => boolean;

/** Any number will do: a grant ends with the waiting that it was for. */
const GENERATION = 1;
/** Of a call that does not make the connection wait. */
const NO_GENERATION = 0;

/** What was taken goes back to its place. */
const NO_DELAY = 0;

/** Whether there is no memory for more, or the body of the next job is to be read back first. */
function isStopped(answer: number): boolean {
  return answer === C.OUT_OF_MEMORY || answer === C.AWAY;
}

/** The giving side of a connection that has a window. */
export class Filling {
  readonly #reserver: Reserver;
  readonly #waits = new Set<Shard>();

  constructor(reserver: Reserver) {
    this.#reserver = reserver;
  }

  /** Whether the connection waits in some shard. */
  get isWaiting(): boolean {
    return this.#waits.size > 0;
  }

  /** Whether it waits in that one, or has a grant to collect there. */
  isWaitingIn(shard: Shard): boolean {
    return this.#waits.has(shard);
  }

  /** Its grant in that shard was collected. */
  collected(shard: Shard): void {
    this.#waits.delete(shard);
  }

  /**
   * Gives jobs until the connection holds `size`, or waits in every shard, or the caller wants no
   * more. A lease that ends while others are counted is told of in passing, and wakes nobody: so
   * what is held is counted anew before it ends.
   */
  fill(size: number, now: number, takeOver: TakeOver): void {
    const reserver = this.#reserver;
    let goesOn = true;
    while (goesOn && !this.#waitsEverywhere() && reserver.heldCount() < size) {
      goesOn = this.#giveBest(size, now, takeOver) && this.#giveOrWait(size, now, takeOver);
    }
    if (this.isWaiting && reserver.heldCount() >= size) this.unwait(now);
  }

  /** Waits nowhere any more; grants that were made go back to their tubes. */
  unwait(now: number): void {
    for (const shard of this.#waits) shard.unwait(this.#reserver.record(shard), now);
    this.#waits.clear();
  }

  #waitsEverywhere(): boolean {
    return this.#reserver.watched.every((shard) => this.#waits.has(shard));
  }

  /** Gives the best jobs of several shards; false when it is to go no further. */
  #giveBest(size: number, now: number, takeOver: TakeOver): boolean {
    const reserver = this.#reserver;
    if (reserver.isWeighted) return this.#giveByWeight(size, now, takeOver);
    if (reserver.watched.length - this.#waits.size < 2) return true;
    for (;;) {
      const shard = reserver.findBest(now);
      if (shard === undefined) return true;
      const most = size - reserver.heldCountBut(shard);
      if (most <= 0) return true;
      const { boundHigh, boundLow } = reserver;
      const record = reserver.record(shard);
      const answer = shard.fill(record, most, boundHigh, boundLow, NO_GENERATION, now);
      const isStuck = answer === C.WORSE && shard.field(C.RESULT_COUNT) === 0;
      if (!takeOver(shard, answer) || isStopped(answer)) return false;
      if (answer === C.DONE) return true;
      if (isStuck && !this.#giveOne(now, takeOver)) return false;
    }
  }

  /** Gives jobs as a reserve would draw them, one by one, while there are any. */
  #giveByWeight(size: number, now: number, takeOver: TakeOver): boolean {
    const reserver = this.#reserver;
    while (reserver.heldCount() < size) {
      const shard = reserver.take(now);
      if (shard === undefined) return !reserver.isRefused;
      if (!this.#giveTaken(shard, now, takeOver)) return false;
    }
    return true;
  }

  /** Gives the one that is best, where a head was not exact. */
  #giveOne(now: number, takeOver: TakeOver): boolean {
    const shard = this.#reserver.take(now);
    if (shard === undefined) return !this.#reserver.isRefused;
    return this.#giveTaken(shard, now, takeOver);
  }

  /** Gives the job that the shard's result area shows as taken. */
  #giveTaken(shard: Shard, now: number, takeOver: TakeOver): boolean {
    const record = this.#reserver.record(shard);
    const id = shard.field(C.RESULT_ID);
    const answer = shard.tellJob(record, id, now);
    const goesOn = takeOver(shard, answer);
    if (answer !== C.AWAY) return goesOn;
    shard.handBack(record, id, NO_DELAY, now); // until its body is there
    return false;
  }

  /** Gives what there is, and waits where there is no more; false when it is to go no further. */
  #giveOrWait(size: number, now: number, takeOver: TakeOver): boolean {
    const reserver = this.#reserver;
    for (const shard of reserver.watched) {
      if (this.#waits.has(shard)) continue;
      for (let answer = C.MORE; answer === C.MORE;) {
        const most = Math.max(0, size - reserver.heldCountBut(shard));
        answer = shard.fill(reserver.record(shard), most, 0, 0, GENERATION, now);
        if (answer === C.WAITING) this.#waits.add(shard);
        if (!takeOver(shard, answer) || isStopped(answer)) return false;
      }
    }
    return true;
  }
}
