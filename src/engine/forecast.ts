/* Forecast: what would come of the commands of a batch, one after the other, while nothing is done.
 *
 * Each is looked at as if those before it had been carried out: what they take out of tubes and
 * bring in, which keys they free and take, is counted here. The locks of all shards that are asked
 * are held meanwhile. Used by group.ts.
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Holder, JobOrder, MoveOrder, Order, PutOrder, Refusal, Terms } from "./orders.ts";
import type { Shard } from "./shard.ts";

/** What the commands so far would make of a tube. */
interface Balance {
  jobs: number;
  bytes: number;
}

/** What they would make of a job. */
interface Fate {
  readonly state: number;
  readonly pri: number;
  /** It is in another tube, with its key if that is free there. */
  readonly hasLeft?: true;
}

/** Who would have a key: a job that moves, or SAME_BATCH. */
interface Owner extends Fate {
  readonly id: number;
}

/** What jobs are looked for that are to be gone. */
const FINDS: ReadonlyMap<JobOrder["deed"], number> = new Map([
  ["delete", C.FIND_DELETE],
  ["finish", C.FIND_FINISH],
]);
/** What stands for the state of a job that is gone. */
const GONE = 0;
/** What stands for the id of a job that the batch would put. */
const SAME_BATCH = 0;
/** Addresses of a shard. */
const ADDRESSES = 2 ** 32;

/** One look at the commands of a batch. */
export class Forecast {
  /** A job has yet to be copied before it can move. */
  lacksCopies = false;
  readonly #holder: Holder;
  readonly #terms: Terms;
  #balances: Map<number, Balance> | undefined;
  /** That of the tube that was asked for last: mostly it is the next one, too. */
  #place = -1;
  #balance: Balance = { jobs: 0, bytes: 0 };
  #fates: Map<number, Fate> | undefined;
  /** The keys that puts and moves would have, by tube and key. */
  #keys: Map<string, Owner> | undefined;
  #movedBytes = 0;
  /** Most bytes of the records of all, and of the longest. */
  #recordBytes = 0;
  #longestBytes = 0;

  constructor(holder: Holder, terms: Terms) {
    this.#holder = holder;
    this.#terms = terms;
  }

  /** The first command that would not succeed; undefined when all would. */
  find(orders: readonly Order[]): Refusal | undefined {
    if (orders.some(asksForKeys)) {
      this.#fates = new Map();
      this.#keys = new Map();
    }
    for (const order of orders) {
      const refusal = order.deed === "put" ? this.#put(order) : this.#actOrMove(order);
      if (refusal?.why === "missing some") return this.#countMissing(orders, order.index);
      if (refusal !== undefined) return refusal;
      if (this.#isTooMuch) return { index: order.index, why: "too big" };
    }
    return undefined;
  }

  /** Whether what is recorded at once would be more than that may be. */
  get #isTooMuch(): boolean {
    if (!this.#terms.isRecorded) return false;
    const bytes = this.#recordBytes;
    return bytes > C.GROUP_BYTES_MAX || bytes + this.#longestBytes > C.GROUP_ROOM_MAX;
  }

  #addRecords(bytes: number): void {
    this.#recordBytes += bytes;
    this.#longestBytes = Math.max(this.#longestBytes, bytes);
  }

  #actOrMove(order: JobOrder): Refusal | undefined {
    return order.move === undefined ? this.#act(order) : this.#move(order, order.move);
  }

  #act(order: JobOrder): Refusal | undefined {
    const { deed, index, id, shard, isOneOfMany } = order;
    const answer = shard === undefined ? C.NOT_FOUND : this.#mayAct(order, shard);
    if (answer === C.BUSY) return { index, why: "busy" };
    if (shard === undefined || answer !== C.DONE)
      return isOneOfMany
        ? { index, why: "missing some", found: 0, missing: 0 }
        : { index, why: "missing" };
    this.#addRecords(shard.field(C.RESULT_COUNT) + recordedBytes(order));
    const state = stateAfter(order);
    this.#fates?.set(id, { state, pri: deed === "hand-back" ? -1 : order.pri });
    if (state !== GONE) return undefined;
    count(this.#balanceOf(shard, shard.address()), -1, shard.field(C.RESULT_BODY_BYTES));
    return undefined;
  }

  /** What was said of a job is where it was: that it has gone means that it is held no more. */
  #mayAct({ deed, id, isHidden, textShard }: JobOrder, shard: Shard): number {
    if (isHidden) return C.NOT_FOUND;
    if (textShard !== undefined && textShard !== shard) return C.NOT_FOUND;
    const record = this.#holder.record(shard);
    return shard.findForGroup(record, id, FINDS.get(deed) ?? C.FIND_OTHER);
  }

  #move(order: JobOrder, move: MoveOrder): Refusal | undefined {
    const { index, id, isHidden, shard } = order;
    if (isHidden || shard === undefined) return { index, why: "missing" };
    const what = move.claimedIn === shard ? C.FIND_CLAIMED : C.FIND_MOVE;
    const answer = shard.findForGroup(this.#holder.record(shard), id, what);
    if (answer === C.NOT_FOUND) return { index, why: "missing" };
    if (answer === C.BUSY) return { index, why: "busy" };
    if (this.#terms.refusesMoves) return { index, why: "no space" };
    const bodyBytes = shard.field(C.RESULT_BODY_BYTES);
    const [before, pri] = [C.JOB_STATE, C.JOB_PRI].map((at) => shard.field(C.RESULT_STATS + at));
    const state = before === C.STATE_RESERVED ? C.STATE_READY : (before ?? 0);
    const isGone = shard.field(C.RESULT_STATS + C.FOUND_CANCELLED) === 1;
    const isStale = shard.field(C.RESULT_STATS + C.FOUND_STALE) === 1;
    this.#addRecords(shard.field(C.RESULT_COUNT) + recordedBytes(order));
    this.#movedBytes += bodyBytes;
    if (this.#movedBytes > this.#terms.movedBytesMax) return { index, why: "too big" };
    const from = shard.address();
    const full = isGone ? undefined : this.#mayCome(order, move, from, bodyBytes);
    if (full !== undefined) return full;
    count(this.#balanceOf(shard, from), -1, bodyBytes);
    if (isGone) {
      this.#fates?.set(id, { state: GONE, pri: 0 });
      return undefined;
    }
    count(this.#balanceOf(move.to, move.tube), 1, bodyBytes);
    if ((answer === C.MORE || shard !== move.to) && (move.arrival === 0 || isStale))
      this.lacksCopies = true;
    this.#fates?.set(id, { state, pri: pri ?? 0, hasLeft: true });
    this.#moveKey({ id, state, pri: pri ?? 0 }, shard, move);
    return undefined;
  }

  /** Why the tube does not take the job, which is in another one. */
  #mayCome(
    { index, shard }: JobOrder,
    { to, tube }: MoveOrder,
    from: number,
    bodyBytes: number,
  ): Refusal | undefined {
    if (shard === to && from === tube) return undefined;
    const { jobs, bytes } = this.#balanceOf(to, tube);
    if (to.mayComeInGroup(tube, bodyBytes, jobs, bytes) === C.DONE) return undefined;
    const [setting, most] = [to.field(C.RESULT_REF), to.field(C.RESULT_COUNT)];
    return { index, why: "full", setting, most };
  }

  /** A job that moves has its key in the other tube, if nobody else would have it. */
  #moveKey(job: Owner, from: Shard, { to, tube }: MoveOrder): void {
    from.tagsInGroup(job.id);
    const tagBytes = from.field(C.RESULT_COUNT);
    if (tagBytes === 0) return;
    to.tags.set(from.output.subarray(0, tagBytes));
    const answer = to.keyInGroup(tube, tagBytes);
    if (answer === C.NOT_FOUND) return;
    const key = String.fromCharCode(...to.output.subarray(0, to.field(C.RESULT_NAME_BYTES)));
    const place = keyPlace(to, tube, key);
    if (this.#keys?.has(place) === true) return;
    if (answer === C.KNOWN && !this.#isFreed(to.field(C.RESULT_ID), to.field(C.RESULT_COUNT)))
      return;
    this.#keys?.set(place, job);
  }

  /** Whether a key is free that a job has whose cooldown would have so many seconds. */
  #isFreed(id: number, cooldownSeconds: number): boolean {
    const fate = this.#fates?.get(id);
    if (fate?.hasLeft === true) return true;
    return fate?.state === GONE && cooldownSeconds === 0;
  }

  /** How many jobs of a delete-batch would be found, and how many not. */
  #countMissing(orders: readonly Order[], index: number): Refusal {
    let found = 0;
    let missing = 0;
    for (const order of orders) {
      if (order.deed === "put" || order.index !== index) continue;
      if (order.shard !== undefined && this.#mayAct(order, order.shard) === C.DONE) found++;
      else missing++;
    }
    return { index, why: "missing some", found, missing };
  }

  #put(order: PutOrder): Refusal | undefined {
    const { index, shard, tube, key } = order;
    if (this.#terms.refusesPuts) return { index, why: "no puts" };
    const known = key === undefined ? undefined : this.#keys?.get(keyPlace(shard, tube, key));
    if (known !== undefined) return meets(order, known.id, known.state, known.pri);
    const refusal = this.#meet(order, 0);
    if (refusal !== undefined) return refusal;
    count(this.#balanceOf(shard, tube), 1, order.bodyBytes);
    if (key !== undefined) this.#keys?.set(keyPlace(shard, tube, key), ownerOf(order));
    this.#addRecords(order.goesAhead ? aheadBytes(order) : shard.field(C.RESULT_COUNT));
    return undefined;
  }

  #meet(order: PutOrder, passesKey: number): Refusal | undefined {
    const { index, shard, tube, upload, pri } = order;
    const { jobs, bytes } = this.#balanceOf(shard, tube);
    const { now } = this.#terms;
    const answer = shard.meetInGroup(upload, tube, pri, jobs, bytes, passesKey, now);
    if (answer === C.DONE) return undefined;
    if (answer === C.FULL) {
      const [setting, most] = [shard.field(C.RESULT_REF), shard.field(C.RESULT_COUNT)];
      return { index, why: "full", setting, most };
    }
    const id = shard.field(C.RESULT_ID);
    const state = shard.field(C.RESULT_STATS + C.JOB_STATE);
    const raised = shard.field(C.RESULT_STATS + C.JOB_PRI);
    const cooldown = shard.field(C.RESULT_COUNT);
    const fate = this.#fates?.get(id);
    if (fate === undefined) return { index, why: "known", id, state, pri: raised };
    if (fate.hasLeft === true) return this.#meet(order, 1);
    if (fate.state === GONE)
      return cooldown === 0
        ? this.#meet(order, 1)
        : { index, why: "known", id, state: GONE, pri: C.NOT_RAISED };
    if (fate.pri < 0) return { index, why: "known", id, state: fate.state, pri: raised };
    return meets(order, id, fate.state, fate.pri);
  }

  #balanceOf(shard: Shard, tube: number): Balance {
    const place = placeOf(shard, tube);
    if (place === this.#place) return this.#balance;
    if (this.#place >= 0) (this.#balances ??= new Map()).set(this.#place, this.#balance);
    this.#balance = this.#balances?.get(place) ?? { jobs: 0, bytes: 0 };
    this.#place = place;
    return this.#balance;
  }
}

/** One job more, or fewer, with a body of `bodyBytes`. */
function count(balance: Balance, jobs: 1 | -1, bodyBytes: number): void {
  balance.jobs += jobs;
  balance.bytes += jobs * bodyBytes;
}

/**
 * Most bytes of what is said with a command and recorded, up to the end of its record: all but a
 * result that is not kept.
 */
function recordedBytes({ deed, messageBytes, keepSeconds }: JobOrder): number {
  return deed === "finish" && keepSeconds === 0 ? 0 : messageBytes + 8;
}

function keyPlace(shard: Shard, tube: number, key: string): string {
  return `${placeOf(shard, tube)} ${key}`;
}

/** Which tube of all shards it is: one number for each address in each of them. */
function placeOf(shard: Shard, tube: number): number {
  return shard.index * ADDRESSES + tube;
}

/** What a put is told that meets such a job. */
function meets(order: PutOrder, id: number, state: number, pri: number): Refusal {
  const raised = order.pri < pri ? order.pri : C.NOT_RAISED;
  return { index: order.index, why: "known", id, state, pri: raised };
}

/** Most bytes of what is recorded with a batch of a put that goes ahead of it (meetInGroup). */
function aheadBytes({ key }: PutOrder): number {
  return 2 * L.STATE_BYTES + (key === undefined ? 0 : L.DELETE_BYTES);
}

/** Whether somebody may be told of a key: a put with one, or a job that moves. */
function asksForKeys(order: Order): boolean {
  return order.deed === "put" ? order.key !== undefined : order.move !== undefined;
}

function ownerOf(order: PutOrder): Owner {
  return { id: SAME_BATCH, state: stateOf(order), pri: order.pri };
}

function stateOf({ delaySeconds }: { readonly delaySeconds: number }): number {
  return delaySeconds > 0 ? C.STATE_DELAYED : C.STATE_READY;
}

function stateAfter(order: JobOrder): number {
  if (order.deed === "delete" || order.deed === "finish") return GONE;
  return order.deed === "bury" ? C.STATE_BURIED : stateOf(order);
}
