/* Group: carrying out a batch: all of its commands, in whatever shards, in one moment, or none.
 *
 *   look    in which shards its jobs are, each asked by itself
 *   lock    these shards, and those of its puts and moves, in the order of their numbers
 *   ask     what would come of each command; the first that would not succeed ends it
 *   do      everything, and record it
 *   show    the records to the committer: of all shards, or of none (assembly/group.ts)
 *   unlock
 *
 * Between `lock` and `unlock` nothing waits, allocates memory that could be refused, or throws.
 * Whoever takes more than one lock takes them in ascending order, and nobody else takes more than
 * one: so no two threads wait for each other. test/model/group.pml is this protocol. A job that was
 * not found where it had been seen may have gone to another shard: then all shards are locked
 * before anybody is told that it is not there. Used by the session's batches.
 */
import * as C from "../../assembly/constants.ts";
import { Forecast } from "./forecast.ts";
import type { Holder, JobOrder, MoveOrder, Order, PutOrder, Refusal, Terms } from "./orders.ts";
import type { Shard } from "./shard.ts";

/** Who carries out the batches of one connection. */
export class Group {
  readonly #shards: readonly Shard[];
  readonly #holder: Holder;
  readonly #likely: (id: number) => Shard;
  readonly #countMove: () => void;

  /**
   * `likely` says in which shard a job is to be looked for first; `countMove` hears that one is
   * about to be gone in a shard and was in none of those that were looked at before.
   */
  constructor(
    shards: readonly Shard[],
    holder: Holder,
    likely: (id: number) => Shard,
    countMove: () => void = () => undefined,
  ) {
    this.#shards = shards;
    this.#holder = holder;
    this.#likely = likely;
    this.#countMove = countMove;
  }

  /**
   * Looks at the commands and, if all of them would succeed and the terms say so, does them. `done`
   * hears, for each shard, that what is told of it depends on what its result area says, and after
   * that nothing is locked. Returns why not, otherwise undefined.
   */
  perform(
    orders: readonly Order[],
    terms: Terms,
    done: (shard: Shard) => void = () => undefined,
  ): Refusal | undefined {
    const seen = this.#look(orders);
    const refusal = this.#try(orders, seen, terms, done);
    const mayHaveMoved = refusal?.why === "missing" || refusal?.why === "missing some";
    if (!mayHaveMoved || this.#shards.length === 1) return refusal;
    return this.#try(orders, this.#shards, terms, done);
  }

  /** The shards that the batch is about, in ascending order. */
  #look(orders: readonly Order[]): readonly Shard[] {
    if (this.#shards.length === 1) return this.#lookHere(orders);
    const found = new Set<Shard>();
    for (const order of orders) {
      if (order.deed !== "put") order.shard = this.#seek(order);
      if (order.shard !== undefined) found.add(order.shard);
      if (order.deed !== "put" && order.move !== undefined) found.add(order.move.to);
    }
    return this.#shards.filter((shard) => found.has(shard));
  }

  /** There is one shard. */
  #lookHere(orders: readonly Order[]): readonly Shard[] {
    const [only] = this.#shards;
    for (const order of orders) if (order.deed !== "put") order.shard = only;
    return orders.length === 0 ? [] : this.#shards;
  }

  #seek({ id }: JobOrder): Shard | undefined {
    const likely = this.#likely(id);
    if (likely.hasJob(id) === C.DONE) return likely;
    return this.#shards.find((shard) => shard !== likely && shard.hasJob(id) === C.DONE);
  }

  #try(
    orders: readonly Order[],
    shards: readonly Shard[],
    terms: Terms,
    done: (shard: Shard) => void,
  ): Refusal | undefined {
    for (const shard of shards) shard.enterGroup(terms.now);
    if (shards.length === this.#shards.length && shards.length > 1) this.#seekAgain(orders);
    const refusal = this.#ask(orders, terms);
    const isDone = terms.does && refusal === undefined;
    if (isDone) this.#do(orders, shards, terms.now);
    for (const shard of shards) shard.leaveGroup();
    if (isDone) for (const shard of shards) done(shard);
    seeTo(shards);
    return refusal;
  }

  #ask(orders: readonly Order[], terms: Terms): Refusal | undefined {
    const forecast = new Forecast(this.#holder, terms);
    const refusal = forecast.find(orders);
    if (refusal !== undefined || !terms.does) return refusal;
    return forecast.lacksCopies ? { index: 0, why: "uncopied" } : this.number(orders);
  }

  /** Gives the puts that have none their ids; refused when there are not so many left. */
  number(orders: readonly Order[]): Refusal | undefined {
    let first: PutOrder | undefined;
    let count = 0;
    for (const order of orders) {
      if (!isUnnumbered(order)) continue;
      first ??= order;
      count++;
    }
    if (first === undefined) return undefined;
    let id = this.#shards[0]?.takeIds(count) ?? 0;
    if (id === 0) return { index: first.index, why: "no ids" };
    for (const order of orders) if (isUnnumbered(order)) order.id = id++;
    return undefined;
  }

  /** All shards are locked: no job is anywhere else. */
  #seekAgain(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.deed === "put") continue;
      const { id } = order;
      order.shard = this.#shards.find((shard) => shard.isHere(id) === 1);
    }
  }

  #do(orders: readonly Order[], shards: readonly Shard[], now: number): void {
    const [first] = this.#shards;
    const number = shards.length > 1 ? (first?.nextGroup() ?? 0) : 0;
    for (const shard of shards) shard.beginGroup(number);
    for (const order of orders) {
      order.answer = order.deed === "put" ? put(order, now) : this.#act(order, now);
    }
    const recorded = shards.map((shard) => shard.closeGroup());
    const count = recorded.reduce((sum, has) => sum + has, 0);
    if (shards.length > 1) first?.startShowing();
    for (const [at, shard] of shards.entries()) shard.endGroup((recorded[at] ?? 0) * count);
    if (shards.length > 1) first?.endShowing();
  }

  #act(order: JobOrder, now: number): number {
    const { deed, id, pri, delaySeconds, text, shard, move } = order;
    if (shard === undefined) return C.NOT_FOUND;
    if (move !== undefined) return this.#move(order, shard, move, now);
    order.text = 0; // it is the engine's
    switch (deed) {
      case "delete":
        shard.deleteInGroup(id, now);
        return C.DONE;
      case "finish":
        return shard.finishInGroup(id, text, order.keepSeconds, now) === 1 ? C.DONE : C.NONE;
      case "release":
        return shard.releaseInGroup(id, pri, delaySeconds, text, now);
      case "bury":
        shard.buryInGroup(id, pri, text, now);
        return C.DONE;
      case "hand-back":
        return shard.handBackInGroup(this.#holder.record(shard), id, delaySeconds, now);
      default:
        return C.NOT_FOUND;
    }
  }

  /** Of a job that had been cancelled a copy and a message are left to the batch. */
  #move(order: JobOrder, from: Shard, move: MoveOrder, now: number): number {
    const { id, text } = order;
    const { to, tube, arrival } = move;
    if (arrival === 0 && from === to) {
      order.text = 0; // it is the engine's
      return from.moveInGroup(id, tube, text, now);
    }
    this.#countMove(); // before it is gone here: who looked there too early looks again
    if (from.leaveInGroup(id, text === 0 ? 0 : 1, now) !== C.DONE) return C.DONE;
    order.text = 0;
    move.arrival = 0;
    move.hasArrived = true;
    bring(from, to);
    const answer = to.arriveInGroup(arrival, this.#holder.record(to), text, now);
    from.endInGroup(id);
    return answer;
  }
}

/** What `from` shows of a job that has left is what `to` has of one that comes. */
function bring(from: Shard, to: Shard): void {
  const figures = from.result.subarray(C.RESULT_STATS, C.RESULT_STATS + C.MOVE_FIGURES);
  to.result.set(figures, C.RESULT_STATS);
  to.tags.set(from.output.subarray(0, from.field(C.RESULT_STATS + C.MOVE_TAG_BYTES)));
}

function put(order: PutOrder, now: number): number {
  const { shard, upload, tube, id, pri, delaySeconds, ttrSeconds } = order;
  order.upload = 0; // it is a job now
  return shard.putInGroup(upload, tube, id, pri, delaySeconds, ttrSeconds, now);
}

function isUnnumbered(order: Order): order is PutOrder {
  return order.deed === "put" && order.id === 0;
}

/** What could not be done while a lock was held. */
function seeTo(shards: readonly Shard[]): void {
  const wished = shards.filter((shard) => shard.field(C.RESULT_COUNT) !== 0);
  if (wished.length === 0) return;
  const wishes = wished.map((shard) => [shard, shard.field(C.RESULT_COUNT)] as const);
  for (const [shard, wish] of wishes) {
    if ((wish & C.WISH_MEMORY) !== 0) shard.growBudget();
    if ((wish & C.WISH_LOOK) !== 0) shard.openElsewhere();
  }
}
