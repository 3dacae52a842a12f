/* Forecast: what would come of the commands of a batch, one after the other, while nothing is done.
 *
 * Each is looked at as if those before it had been carried out: what they take out of tubes and
 * bring in, which keys they free and take, is counted here. The locks of all shards that are asked
 * are held meanwhile. Used by group.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Holder, JobOrder, Order, PutOrder, Refusal } from "./orders.ts";
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

/** One look at the commands of a batch. */
export class Forecast {
  readonly #holder: Holder;
  readonly #now: number;
  readonly #refusesPuts: boolean;
  readonly #balances = new Map<string, Balance>();
  readonly #fates = new Map<number, Fate>();
  readonly #keys = new Map<string, PutOrder>();
  /** Most bytes of the records of all, and of the longest. */
  #recordBytes = 0;
  #longestBytes = 0;

  constructor(holder: Holder, now: number, refusesPuts: boolean) {
    this.#holder = holder;
    this.#now = now;
    this.#refusesPuts = refusesPuts;
  }

  /** The first command that would not succeed; undefined when all would. */
  find(orders: readonly Order[]): Refusal | undefined {
    for (const order of orders) {
      const refusal = order.deed === "put" ? this.#put(order) : this.#act(order);
      if (refusal?.why === "missing some") return this.#countMissing(orders, order.index);
      if (refusal !== undefined) return refusal;
      if (this.#isTooMuch) return { index: order.index, why: "too big" };
    }
    return undefined;
  }

  /** Whether what is recorded at once would be more than that may be. */
  get #isTooMuch(): boolean {
    const bytes = this.#recordBytes;
    return bytes > C.GROUP_BYTES_MAX || bytes + this.#longestBytes > C.GROUP_ROOM_MAX;
  }

  #addRecords(bytes: number): void {
    this.#recordBytes += bytes;
    this.#longestBytes = Math.max(this.#longestBytes, bytes);
  }

  #act(order: JobOrder): Refusal | undefined {
    const { deed, index, id, shard, isOneOfMany } = order;
    if (shard === undefined || !this.#mayAct(order, shard))
      return isOneOfMany
        ? { index, why: "missing some", found: 0, missing: 0 }
        : { index, why: "missing" };
    this.#addRecords(shard.field(C.RESULT_COUNT) + recordedBytes(order));
    const state = stateAfter(order);
    this.#fates.set(id, { state, pri: deed === "hand-back" ? -1 : order.pri });
    if (state !== GONE) return undefined;
    const balance = this.#balanceOf(shard, shard.address());
    balance.jobs--;
    balance.bytes -= shard.field(C.RESULT_BODY_BYTES);
    return undefined;
  }

  /** What was said of a job is where it was: that it has gone means that it is held no more. */
  #mayAct({ deed, id, textShard }: JobOrder, shard: Shard): boolean {
    if (textShard !== undefined && textShard !== shard) return false;
    const record = this.#holder.record(shard);
    return shard.findForGroup(record, id, FINDS.get(deed) ?? C.FIND_OTHER) === C.DONE;
  }

  /** How many jobs of a delete-batch would be found, and how many not. */
  #countMissing(orders: readonly Order[], index: number): Refusal {
    let found = 0;
    let missing = 0;
    for (const order of orders) {
      if (order.deed === "put" || order.index !== index) continue;
      if (order.shard !== undefined && this.#mayAct(order, order.shard)) found++;
      else missing++;
    }
    return { index, why: "missing some", found, missing };
  }

  #put(order: PutOrder): Refusal | undefined {
    const { index, shard, tube, key } = order;
    if (this.#refusesPuts) return { index, why: "no puts" };
    const known = key === undefined ? undefined : this.#keys.get(`${placeOf(shard, tube)} ${key}`);
    if (known !== undefined) return meets(order, SAME_BATCH, stateOf(known), known.pri);
    const refusal = this.#meet(order, 0);
    if (refusal !== undefined) return refusal;
    const balance = this.#balanceOf(shard, tube);
    balance.jobs++;
    balance.bytes += order.bodyBytes;
    if (key !== undefined) this.#keys.set(`${placeOf(shard, tube)} ${key}`, order);
    this.#addRecords(shard.field(C.RESULT_COUNT));
    return undefined;
  }

  #meet(order: PutOrder, passesKey: number): Refusal | undefined {
    const { index, shard, tube, upload, pri } = order;
    const { jobs, bytes } = this.#balanceOf(shard, tube);
    const answer = shard.meetInGroup(upload, tube, pri, jobs, bytes, passesKey, this.#now);
    if (answer === C.DONE) return undefined;
    if (answer === C.FULL) {
      const [setting, most] = [shard.field(C.RESULT_REF), shard.field(C.RESULT_COUNT)];
      return { index, why: "full", setting, most };
    }
    const id = shard.field(C.RESULT_ID);
    const state = shard.field(C.RESULT_STATS + C.JOB_STATE);
    const raised = shard.field(C.RESULT_STATS + C.JOB_PRI);
    const cooldown = shard.field(C.RESULT_COUNT);
    const fate = this.#fates.get(id);
    if (fate === undefined) return { index, why: "known", id, state, pri: raised };
    if (fate.state === GONE)
      return cooldown === 0
        ? this.#meet(order, 1)
        : { index, why: "known", id, state: GONE, pri: C.NOT_RAISED };
    if (fate.pri < 0) return { index, why: "known", id, state: fate.state, pri: raised };
    return meets(order, id, fate.state, fate.pri);
  }

  #balanceOf(shard: Shard, tube: number): Balance {
    const place = placeOf(shard, tube);
    const known = this.#balances.get(place);
    if (known !== undefined) return known;
    const balance = { jobs: 0, bytes: 0 };
    this.#balances.set(place, balance);
    return balance;
  }
}

/**
 * Most bytes of what is said with a command and recorded, up to the end of its record: all but a
 * result that is not kept.
 */
function recordedBytes({ deed, messageBytes, keepSeconds }: JobOrder): number {
  return deed === "finish" && keepSeconds === 0 ? 0 : messageBytes + 8;
}

function placeOf(shard: Shard, tube: number): string {
  return `${shard.index} ${tube}`;
}

/** What a put is told that meets such a job. */
function meets(order: PutOrder, id: number, state: number, pri: number): Refusal {
  const raised = order.pri < pri ? order.pri : C.NOT_RAISED;
  return { index: order.index, why: "known", id, state, pri: raised };
}

function stateOf({ delaySeconds }: { readonly delaySeconds: number }): number {
  return delaySeconds > 0 ? C.STATE_DELAYED : C.STATE_READY;
}

function stateAfter(order: JobOrder): number {
  if (order.deed === "delete" || order.deed === "finish") return GONE;
  return order.deed === "bury" ? C.STATE_BURIED : stateOf(order);
}
