/* Group: carrying out a batch: all of its commands, in whatever shards, in one moment, or none.
 *
 *   look    in which shards its jobs are, each asked by itself
 *   lock    these shards and those of its puts, in the order of their numbers
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
import type { Holder, JobOrder, Order, PutOrder, Refusal } from "./orders.ts";
import type { Shard } from "./shard.ts";

/** Who carries out the batches of one connection. */
export class Group {
  readonly #shards: readonly Shard[];
  readonly #holder: Holder;
  readonly #likely: (id: number) => Shard;

  /** `likely` says in which shard a job is to be looked for first. */
  constructor(shards: readonly Shard[], holder: Holder, likely: (id: number) => Shard) {
    this.#shards = shards;
    this.#holder = holder;
    this.#likely = likely;
  }

  /**
   * Looks at the commands and, if all of them would succeed and `does`, does them. `done` hears,
   * for each shard, that what is told of it depends on what its result area says, and after that
   * nothing is locked. Returns why not, otherwise undefined.
   */
  perform(
    orders: readonly Order[],
    does: boolean,
    refusesPuts: boolean,
    now: number,
    done: (shard: Shard) => void = () => undefined,
  ): Refusal | undefined {
    const seen = this.#look(orders);
    const refusal = this.#try(orders, seen, does, refusesPuts, now, done);
    const mayHaveMoved = refusal?.why === "missing" || refusal?.why === "missing some";
    if (!mayHaveMoved || this.#shards.length === 1) return refusal;
    return this.#try(orders, this.#shards, does, refusesPuts, now, done);
  }

  /** The shards that the batch is about, in ascending order. */
  #look(orders: readonly Order[]): readonly Shard[] {
    const [only] = this.#shards;
    const found = new Set<Shard>();
    for (const order of orders) {
      if (order.deed !== "put") order.shard = this.#shards.length === 1 ? only : this.#seek(order);
      if (order.shard !== undefined) found.add(order.shard);
    }
    return this.#shards.filter((shard) => found.has(shard));
  }

  #seek({ id }: JobOrder): Shard | undefined {
    const likely = this.#likely(id);
    if (likely.hasJob(id) === C.DONE) return likely;
    return this.#shards.find((shard) => shard !== likely && shard.hasJob(id) === C.DONE);
  }

  #try(
    orders: readonly Order[],
    shards: readonly Shard[],
    does: boolean,
    refusesPuts: boolean,
    now: number,
    done: (shard: Shard) => void,
  ): Refusal | undefined {
    for (const shard of shards) shard.enterGroup(now);
    if (shards.length === this.#shards.length && shards.length > 1) this.#seekAgain(orders);
    const refusal =
      new Forecast(this.#holder, now, refusesPuts).find(orders) ??
      (does ? this.number(orders) : undefined);
    if (does && refusal === undefined) this.#do(orders, shards, now);
    for (const shard of shards) shard.leaveGroup();
    if (does && refusal === undefined) for (const shard of shards) done(shard);
    seeTo(shards);
    return refusal;
  }

  /** Gives the puts that have none their ids; refused when there are not so many left. */
  number(orders: readonly Order[]): Refusal | undefined {
    const puts = orders.filter((order) => order.deed === "put").filter(({ id }) => id === 0);
    const [first] = puts;
    if (first === undefined) return undefined;
    const id = this.#shards[0]?.takeIds(puts.length) ?? 0;
    if (id === 0) return { index: first.index, why: "no ids" };
    for (const [at, order] of puts.entries()) order.id = id + at;
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
    const { deed, id, pri, delaySeconds, text, shard } = order;
    if (shard === undefined) return C.NOT_FOUND;
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
    }
  }
}

function put(order: PutOrder, now: number): number {
  const { shard, upload, tube, id, pri, delaySeconds, ttrSeconds } = order;
  order.upload = 0; // it is a job now
  return shard.putInGroup(upload, tube, id, pri, delaySeconds, ttrSeconds, now);
}

/** What could not be done while a lock was held. */
function seeTo(shards: readonly Shard[]): void {
  const wishes = shards.map((shard) => [shard, shard.field(C.RESULT_COUNT)] as const);
  for (const [shard, wish] of wishes) {
    if ((wish & C.WISH_MEMORY) !== 0) shard.growBudget();
    if ((wish & C.WISH_LOOK) !== 0) shard.openElsewhere();
  }
}
