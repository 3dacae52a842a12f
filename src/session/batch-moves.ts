/* BatchMoves: what has to be done for the moves of a batch before it can be carried out.
 *
 * Each job is claimed first, so that nobody else moves it (assembly/claiming.ts), in the order of
 * the ids: so no batch waits for one that waits for it. A job that cannot go in one step is copied:
 * its body, in parts if it is long, and its failures, once all is safe that was recorded of it. It
 * stands in its place meanwhile, and who may act on it does: then the copy may not be all that
 * there is, and is completed when the batch says so. Made by batch-commit.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { JobOrder, MoveOrder } from "../engine/orders.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Desk } from "./desk.ts";
import { JobCopy } from "./job-copy.ts";

/** A job that is to move, and how far it is. */
interface Going {
  readonly order: JobOrder;
  readonly move: MoveOrder;
  isClaimed: boolean;
  /** Up to where the stream of its shard went then. */
  leftLsn: number;
  copy: JobCopy | undefined;
  hasBody: boolean;
}

/** The moves of one batch. Invariant: what was claimed and copied is its own until `drop`. */
export class BatchMoves {
  /** Which command found no memory at all, counted from 1. */
  refusedIndex = 0;
  /** The id of the job that could not be claimed, since another moves it or its body is away. */
  awaited: number | undefined;
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #all: readonly Going[];
  /** Of these, so many are ready. */
  #ready = 0;
  /** Whose records are to be safe before it goes on. */
  #awaits: Going | undefined;

  constructor(desk: Desk, reserver: Reserver, orders: readonly JobOrder[]) {
    this.#desk = desk;
    this.#reserver = reserver;
    const fresh = { isClaimed: false, leftLsn: 0, copy: undefined, hasBody: false };
    this.#all = orders
      .flatMap((order) => (order.move === undefined ? [] : { order, move: order.move, ...fresh }))
      .toSorted((a, b) => a.order.id - b.order.id);
  }

  /** Whether what it waits for is safe. */
  get isSafe(): boolean {
    const awaited = this.#awaits;
    const shard = awaited?.move.claimedIn;
    if (awaited === undefined || shard === undefined) return true;
    return this.#desk.journal?.gate.isSafe(shard.index, awaited.leftLsn) !== false;
  }

  /** There are copies of jobs that have not moved. */
  get hasCopies(): boolean {
    return this.#all.some(({ copy, move }) => copy !== undefined && !move.hasArrived);
  }

  /** What was copied is not all that there is: once more. */
  again(): void {
    this.#ready = 0;
    for (const one of this.#all) one.isClaimed = false;
  }

  /** DONE when all are ready; MORE when others have their turn first; or OUT_OF_MEMORY. */
  step(): number {
    for (let one = this.#all[this.#ready]; one !== undefined; one = this.#all[this.#ready]) {
      if (!this.isSafe || !this.#desk.room.isThere) return C.MORE;
      const answer = this.#prepare(one);
      if (answer === C.OUT_OF_MEMORY) this.refusedIndex = one.order.index;
      if (answer !== C.DONE) return answer;
      this.#ready++;
    }
    return C.DONE;
  }

  #prepare(one: Going): number {
    const answer = one.isClaimed ? C.NONE : this.#claim(one);
    if (answer !== C.NONE) return answer;
    return one.copy === undefined ? C.DONE : this.#complete(one, one.copy);
  }

  /** NONE when the job is claimed, and its copy begun if it needs one; DONE when it is missing. */
  #claim(one: Going): number {
    const { order, move, copy } = one;
    const [desk, reserver, from] = [this.#desk, this.#reserver, order.shard];
    if (from === undefined || order.isHidden) return C.DONE; // it will be found to be missing
    const isMine = move.claimedIn === from ? 1 : 0;
    const answer = from.claimMove(reserver.record(from), order.id, isMine, desk.now);
    this.awaited = answer === C.BUSY ? order.id : undefined;
    if (answer === C.BUSY) return C.MORE;
    if (answer === C.OUT_OF_MEMORY) return answer;
    if (answer === C.NOT_FOUND) return C.DONE;
    move.claimedIn = from;
    move.arrival = 0;
    one.isClaimed = true;
    one.leftLsn = from.field(C.RESULT_LSN);
    if (copy !== undefined) copy.copyNote();
    else if (answer === C.MORE || (answer === C.DONE && from !== move.to)) {
      // Whose attempt it was is told in the shard that the job comes to.
      const isHeld = from.field(C.RESULT_STATS + C.MOVE_STATE) === C.STATE_RESERVED;
      if (isHeld) reserver.openRecord(move.to);
      one.copy = JobCopy.open(desk, order.id, from, { shard: move.to, tube: move.tube });
      if (one.copy === undefined) return C.OUT_OF_MEMORY;
    }
    return C.NONE;
  }

  #complete(one: Going, copy: JobCopy): number {
    if (!one.hasBody) {
      const answer = copy.copyBody();
      if (answer === C.NOT_FOUND) return C.DONE; // it will be found to be missing
      if (answer !== C.DONE) return answer;
      one.hasBody = true;
    }
    if (copy.lacksFailures) {
      this.#awaits = one;
      if (!this.isSafe) return C.MORE;
    }
    let answer = C.NONE;
    while (answer === C.NONE) answer = copy.copyFailure();
    if (answer === C.DONE) one.move.arrival = copy.address;
    return answer;
  }

  /**
   * Gives up what was claimed and copied and has not moved. With a journal, and if it `hasCopies`,
   * that is a command that needs room in the ring.
   */
  drop(): void {
    for (const { order, move, copy } of this.#all) {
      if (order.answer === C.NONE) move.claimedIn?.dropClaim(order.id);
      if (copy !== undefined && !move.hasArrived) copy.drop();
    }
  }
}
