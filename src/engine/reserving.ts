/* Reserving: one connection's records in the shards, and reserving over several of them.
 *
 * The protocol of a reserve over several shards is DESIGN's, checked as a model: take the best of
 * all watched tubes; if there is nothing, shard by shard look again and register as a waiter in one
 * critical section; a grant made meanwhile is never dropped, only delivered or handed back. What is
 * promised: no reserve returns a job while a better one stood ready in a watched, unpaused tube for
 * the whole of the command.
 *
 * What stands in a shard is first looked at without its lock: each tube publishes the place of its
 * best job (assembly/ready.ts). A job that stood there for the whole of a command, which begins
 * when its bytes have come, is seen by a look that comes after them. A delay or a pause that is
 * over is not seen before somebody enters the shard, so where something is due the look is under
 * the lock; so it is where many tubes are watched.
 *
 * Used by the session; knows nothing of bytes.
 */

import * as C from "../../assembly/constants.ts";
import { heldJobs } from "./entries.ts";
import type { HeldJob } from "./entries.ts";
import type { ReserveMode } from "../protocol/reserve-mode.ts";
import { drawTube, letHappen } from "./choosing.ts";
import type { WatchedTube } from "./choosing.ts";
import type { Shard } from "./shard.ts";

const PRI_MAX = 0xffff_ffff;
/** Most watched tubes whose heads are looked at one by one; a look under the lock costs as much. */
const HEADS_MAX = 16;

/* Best (pri, id) seen in each watched shard: scratch of the `take` that runs. */
const seenPris: number[] = [];
const seenIds: number[] = [];

/** A connection is made to wait whatever is over soon of what it holds. */
const WHATEVER_IS_DUE = 0;

/** What was never delivered goes back to its place. */
const NO_DELAY_SECONDS = 0;

/** One for all, because most connections have something in one shard only. */
const NOWHERE: readonly Shard[] = [];

/** The reserving side of a connection. */
export class Reserver {
  readonly #shards: readonly Shard[];
  readonly #token: number;
  /** What it is called, as bytes; undefined until it is asked to be. */
  #who: Uint8Array | undefined;
  /** By which others know its session; undefined until somebody may. */
  #identity: Uint8Array | undefined;
  /** Writes what it is to be told in a shard; undefined until it asks to be told. */
  #tell: ((shard: Shard) => void) | undefined;
  /** Address of this connection's record in each shard, 0 where it has none. */
  readonly #records: number[];
  /** How many tubes it watches in each shard. */
  readonly #watches: number[];
  /** The shards in which it watches a tube, in ascending order. */
  #watched: readonly Shard[] = NOWHERE;
  /** The others in which it may hold a job. */
  #others: readonly Shard[] = NOWHERE;
  #tubes: WatchedTube[] = [];
  #mode: ReserveMode = "fifo";
  #random: () => number = () => 0;
  /** Whether the last `takeOrWait` made it wait. */
  isWaiting = false;
  /** When the first time to run was over then, of what it holds; NEVER_MICROS for none. */
  dueMicros = C.NEVER_MICROS;
  /** Whether there was no memory for the last job that it was to be given, or to wait for. */
  isRefused = false;
  /** The best head that `boundBeyond` or `findBest` found elsewhere; 0 and 0 for none. */
  boundHigh = 0;
  boundLow = 0;

  /** `token` is how the session recognises itself when a grant is collected. */
  constructor(shards: readonly Shard[], token: number) {
    this.#shards = shards;
    this.#token = token;
    this.#records = shards.map(() => 0);
    this.#watches = shards.map(() => 0);
  }

  /** Address of its record in `shard`, 0 when it has none: it then holds nothing there. */
  record(shard: Shard): number {
    return this.#records[shard.index] ?? 0;
  }

  /** As `record`, making one if need be; 0 when there is no memory. */
  openRecord(shard: Shard): number {
    const known = this.record(shard);
    if (known !== 0) return known;
    if (shard.openConn(this.#token) !== C.DONE) return 0;
    const made = shard.address();
    if (!this.#equip(shard, made)) {
      shard.closeConn(made, 0);
      return 0;
    }
    this.#records[shard.index] = made;
    if (this.#who !== undefined) this.#name(shard, this.#who);
    return made;
  }

  /** From now on the failures of what it holds tell who it is: WHO_MAX bytes at most. */
  introduce(who: Uint8Array): void {
    this.#who = who;
    for (const shard of this.#shards) if (this.record(shard) !== 0) this.#name(shard, who);
  }

  /** Gives a new record what the others have; false when there is no memory for it. */
  #equip(shard: Shard, record: number): boolean {
    if (this.#tell !== undefined && shard.openNotes(record) !== C.DONE) return false;
    return this.#identity === undefined || this.#mark(shard, record, this.#identity);
  }

  /** From now on its session can be found by that token; false when there is no memory for it. */
  mark(token: Uint8Array): boolean {
    this.#identity = token;
    return this.opened.every((shard) => this.#mark(shard, this.record(shard), token));
  }

  #mark(shard: Shard, record: number, token: Uint8Array): boolean {
    shard.who.set(token);
    return shard.markConn(record) === C.DONE;
  }

  /**
   * From now on it is told of leases that end without its doing; `tell` writes that, and is called
   * before it is given a job. False when there is no memory for all of it; it may hear of some
   * then.
   */
  listen(tell: (shard: Shard) => void): boolean {
    this.#tell = tell;
    return this.opened.every((shard) => shard.openNotes(this.record(shard)) === C.DONE);
  }

  /**
   * Whether a shard's answer was that it is to be told something first: then it has been, and asks
   * again.
   */
  hears(shard: Shard, answer: number): boolean {
    if (answer !== C.NOTED) return false;
    this.#tell?.(shard);
    return true;
  }

  /** The shards in which it watches a tube, in ascending order. */
  get watched(): readonly Shard[] {
    return this.#watched;
  }

  /** The shards in which it may hold a job, or have something to be told. */
  get opened(): readonly Shard[] {
    return this.#shards.filter((shard) => this.record(shard) !== 0);
  }

  /** How many jobs it holds. */
  heldCount(): number {
    return this.heldCountBut(undefined);
  }

  /** How many it holds in all shards but one. Where it watches nothing it seldom holds any. */
  heldCountBut(but: Shard | undefined): number {
    let count = 0;
    for (const shard of this.#watched) {
      if (shard !== but) count += shard.heldCount(this.record(shard));
    }
    for (const shard of this.#others) {
      if (shard !== but) count += shard.heldCount(this.record(shard));
    }
    return count;
  }

  #name(shard: Shard, who: Uint8Array): void {
    shard.who.set(who);
    shard.nameConn(this.record(shard), who.length);
  }

  /**
   * Watches the tube whose name lies in the input slot; returns its address, 0 when there is no
   * memory or it may not be made.
   */
  watch(shard: Shard, offset: number, bytes: number, number: number, weight = 1): number {
    const record = this.openRecord(shard);
    if (record === 0) return 0;
    if (shard.watchTube(record, offset, bytes, number) !== C.DONE) return 0;
    const tube = shard.address();
    // An array that was pushed to has room for 17.
    const watched = { shard, tube, weight };
    if (this.#tubes.length === 0) this.#tubes = [watched];
    else this.#tubes.push(watched);
    this.#countWatch(shard, 1);
    return tube;
  }

  /** Gives a watched tube another weight. */
  setWeight(shard: Shard, tube: number, weight: number): void {
    const watched = this.#tubes.find((one) => one.shard === shard && one.tube === tube);
    if (watched !== undefined) watched.weight = weight;
  }

  /** Whether jobs are chosen by the weights of their tubes. */
  get isWeighted(): boolean {
    return this.#mode !== "fifo";
  }

  /** From now on jobs are chosen so; `random` is as `drawTube` wants it. */
  setMode(mode: ReserveMode, random: () => number): void {
    this.#mode = mode;
    this.#random = random;
  }

  /** Watches `tube` no longer. */
  ignore(shard: Shard, tube: number): void {
    shard.ignoreTube(this.record(shard), tube);
    const at = this.#tubes.findIndex((one) => one.shard === shard && one.tube === tube);
    if (at >= 0) this.#tubes.splice(at, 1);
    this.#countWatch(shard, -1);
  }

  #countWatch(shard: Shard, by: number): void {
    const before = this.#watches[shard.index] ?? 0;
    this.#watches[shard.index] = before + by;
    if (before !== 0 && before + by !== 0) return;
    this.#watched = this.#shards.filter((one) => this.#watches[one.index] !== 0);
    if (before !== 0) this.mayHoldIn(shard);
    else if (this.#others !== NOWHERE) this.#setOthers(this.#others.filter((one) => one !== shard));
  }

  #setOthers(others: readonly Shard[]): void {
    this.#others = others.length === 0 ? NOWHERE : others;
  }

  /** It may hold a job in `shard` from now on, also when it watches nothing there. */
  mayHoldIn(shard: Shard): void {
    if (this.#watches[shard.index] !== 0 || this.#others.includes(shard)) return;
    this.#others = [...this.#others, shard];
  }

  /** Whether all that it watches, and all that it may hold, is in `shard`. */
  isAllIn(shard: Shard): boolean {
    return this.onlyWatched === shard && this.#others.length === 0;
  }

  /** The shard that all watched tubes are in, if it is one. */
  get onlyWatched(): Shard | undefined {
    return this.#watched.length === 1 ? this.#watched[0] : undefined;
  }

  /** The same, where the best job is the next one. */
  get onlyInOrder(): Shard | undefined {
    return this.#mode === "fifo" ? this.onlyWatched : undefined;
  }

  /**
   * Whether jobs of `shard` may be taken there without the locks of others; `boundHigh` and
   * `boundLow` are then the best head elsewhere, which they must be better than.
   */
  boundBeyond(shard: Shard, now: number): boolean {
    this.boundHigh = 0;
    this.boundLow = 0;
    if (this.#mode !== "fifo" || (this.#watches[shard.index] ?? 0) === 0) return false;
    if (this.#watched.length === 1) return true;
    if (this.#tubes.length > HEADS_MAX) return false;
    for (const { shard: other, tube } of this.#tubes) {
      if (other === shard) continue;
      if (other.nextDueMicros() <= now) return false;
      other.readHead(tube);
      const high = other.field(C.RESULT_STATS + C.HEAD_HIGH);
      const low = other.field(C.RESULT_STATS + C.HEAD_LOW);
      if (high < this.boundHigh || (high === this.boundHigh && low <= this.boundLow)) continue;
      this.boundHigh = high;
      this.boundLow = low;
    }
    return true;
  }

  /**
   * Takes the best job of all watched tubes; returns the shard whose result area shows it,
   * undefined when there is none.
   */
  take(now: number): Shard | undefined {
    if (this.#mode !== "fifo") return this.#takeByWeight(now);
    const only = this.onlyWatched;
    return only === undefined
      ? this.#takeOfSeveral(now)
      : this.#takeHere(only, PRI_MAX, C.ID_MAX, now);
  }

  /** As often as the tube that was drawn has nothing any more, somebody else got a job. */
  #takeByWeight(now: number): Shard | undefined {
    this.isRefused = false;
    letHappen(this.#watched, now);
    for (;;) {
      const drawn = drawTube(this.#tubes, this.#mode, this.#random);
      if (drawn === undefined) return undefined;
      const { shard, tube } = drawn;
      let answer = C.NONE;
      do answer = shard.takeOf(this.record(shard), tube, now);
      while (this.hears(shard, answer));
      this.isRefused = answer === C.OUT_OF_MEMORY;
      if (answer === C.RESERVED) return shard;
      if (this.isRefused) return undefined;
    }
  }

  #takeHere(shard: Shard, maxPri: number, maxId: number, now: number): Shard | undefined {
    return this.#takeFrom(shard, maxPri, maxId, now) === C.RESERVED ? shard : undefined;
  }

  /** As `Shard.take`; what it is to be told it is told before. */
  #takeFrom(shard: Shard, maxPri: number, maxId: number, now: number): number {
    let answer = C.NONE;
    do answer = shard.take(this.record(shard), maxPri, maxId, now);
    while (this.hears(shard, answer));
    this.isRefused = answer === C.OUT_OF_MEMORY;
    return answer;
  }

  #waitFor(shard: Shard, generation: number, soon: number, now: number): number {
    let answer = C.NONE;
    do answer = shard.wait(this.record(shard), generation, soon, now);
    while (this.hears(shard, answer));
    this.isRefused = answer === C.OUT_OF_MEMORY;
    return answer;
  }

  /**
   * The shard with the best job of all watched tubes, as far as can be seen, undefined when there
   * is none; `boundHigh` and `boundLow` are then the best head elsewhere.
   */
  findBest(now: number): Shard | undefined {
    this.#seeAll(now);
    const at = this.#bestSeen(-1);
    const next = this.#bestSeen(at);
    this.boundHigh = next < 0 ? 0 : PRI_MAX - (seenPris[next] ?? PRI_MAX);
    this.boundLow = next < 0 ? 0 : PRI_MAX - Math.min(seenIds[next] ?? PRI_MAX, PRI_MAX);
    return this.#watched[at];
  }

  /**
   * Looks at each shard's best, then takes from the best shard unless what stands there now is
   * worse than what was seen elsewhere. A job that stood in another shard all the while was seen
   * there, so nothing better is passed over. Each failed round means that another connection got a
   * job, or that a head was not exact and is known exactly now.
   */
  #takeOfSeveral(now: number): Shard | undefined {
    const shards = this.#watched;
    this.#seeAll(now);
    for (;;) {
      const at = this.#bestSeen(-1);
      const shard = shards[at];
      if (shard === undefined) return undefined;
      const next = this.#bestSeen(at);
      const maxPri = seenPris[next] ?? PRI_MAX;
      const maxId = seenIds[next] ?? C.ID_MAX;
      const answer = this.#takeFrom(shard, maxPri, maxId, now);
      if (answer === C.RESERVED) return shard;
      if (answer === C.OUT_OF_MEMORY) return undefined;
      this.#remember(at, shard, answer === C.WORSE);
    }
  }

  #seeAll(now: number): void {
    const shards = this.#watched;
    if (this.#tubes.length > HEADS_MAX || shards.some((shard) => shard.nextDueMicros() <= now)) {
      for (const [at, shard] of shards.entries()) this.#see(at, shard, now);
      return;
    }
    for (let at = 0; at < shards.length; at++) seenPris[at] = seenIds[at] = Infinity;
    for (const { shard, tube } of this.#tubes) this.#seeHead(shards.indexOf(shard), shard, tube);
  }

  /** An id that does not fit into a head counts as 0 here, the best of its priority. */
  #seeHead(at: number, shard: Shard, tube: number): void {
    shard.readHead(tube);
    const high = shard.field(C.RESULT_STATS + C.HEAD_HIGH);
    const low = shard.field(C.RESULT_STATS + C.HEAD_LOW);
    if (high === 0 && low === 0) return;
    const pri = PRI_MAX - high;
    const id = PRI_MAX - low;
    if (!isBefore(pri, id, seenPris[at] ?? Infinity, seenIds[at] ?? Infinity)) return;
    seenPris[at] = pri;
    seenIds[at] = id;
  }

  #see(at: number, shard: Shard, now: number): void {
    this.#remember(at, shard, shard.best(this.record(shard), now) === C.RESERVED);
  }

  #remember(at: number, shard: Shard, hasJob: boolean): void {
    seenPris[at] = hasJob ? shard.field(C.RESULT_PRI) : Infinity;
    seenIds[at] = hasJob ? shard.field(C.RESULT_ID) : Infinity;
  }

  /** Index of the best of what was seen, `except` left out; -1 when there is nothing. */
  #bestSeen(except: number): number {
    let best = -1;
    for (let at = 0; at < this.#watched.length; at++) {
      if (at === except || seenPris[at] === Infinity) continue;
      if (best < 0 || this.#isBetter(at, best)) best = at;
    }
    return best;
  }

  #isBetter(at: number, than: number): boolean {
    const pri = seenPris[at] ?? Infinity;
    const id = seenIds[at] ?? 0;
    return isBefore(pri, id, seenPris[than] ?? Infinity, seenIds[than] ?? 0);
  }

  /**
   * Takes the best job of all watched tubes, as `take`; if there is none, waits for one everywhere
   * (`isWaiting`), unless a time to run of what it holds is over too soon (`dueMicros`). Each shard
   * is looked through again in the critical section that registers: nothing slips between.
   */
  takeOrWait(generation: number, now: number): Shard | undefined {
    this.isWaiting = false;
    this.isRefused = false;
    const soon = now + C.SAFETY_MARGIN_MICROS;
    this.dueMicros = this.#dueInOthers();
    // A shard that is alone is looked through as it registers; it is not where that is too late.
    const isFirst = this.#mode === "fifo" && this.#watched.length === 1;
    const isAlone = isFirst && this.dueMicros > soon;
    const found = isAlone ? undefined : this.take(now);
    if (found !== undefined) return found;
    for (const shard of this.#watched) {
      if (this.dueMicros <= soon) break;
      if (this.#waitFor(shard, generation, soon, now) === C.RESERVED) {
        this.stopWaitingBut(shard, now);
        return shard;
      }
      if (this.isRefused) return this.stopWaiting(now);
      this.dueMicros = Math.min(this.dueMicros, shard.field(C.RESULT_DUE));
    }
    this.isWaiting = this.dueMicros > soon;
    return this.isWaiting ? undefined : this.stopWaiting(now);
  }

  /** Looks again in one shard and registers there; returns the shard if a job was taken instead. */
  waitIn(shard: Shard, generation: number, now: number): Shard | undefined {
    const answer = this.#waitFor(shard, generation, WHATEVER_IS_DUE, now);
    return answer === C.RESERVED ? shard : undefined;
  }

  /**
   * Waits nowhere any more but in `kept`, where it got its job. Grants that were made elsewhere go
   * back to their tubes.
   */
  stopWaitingBut(kept: Shard, now: number): void {
    for (const shard of this.#watched) {
      if (shard !== kept && this.#cancel(shard, now)) this.handBack(shard, now);
    }
  }

  /**
   * Waits nowhere any more. Returns the shard of a grant that had been made, whose result area
   * shows it; undefined when there was none. Further grants are handed back.
   */
  stopWaiting(now: number): Shard | undefined {
    let granted: Shard | undefined;
    for (const shard of this.#watched) {
      if (!this.#cancel(shard, now)) continue;
      if (granted === undefined) granted = shard;
      else this.handBack(shard, now);
    }
    return granted;
  }

  /** True when a grant was collected in doing so. */
  #cancel(shard: Shard, now: number): boolean {
    let answer = C.NONE;
    do answer = shard.cancel(this.record(shard), now);
    while (this.hears(shard, answer));
    return answer === C.RESERVED;
  }

  /** Gives back the job that the shard's result area shows as just reserved by this connection. */
  handBack(shard: Shard, now: number): void {
    const id = shard.field(C.RESULT_ID);
    shard.handBack(this.record(shard), id, NO_DELAY_SECONDS, now);
  }

  /**
   * When the first TTR of what it holds runs out, in microseconds; NEVER_MICROS when it holds
   * nothing.
   */
  soonestMicros(): number {
    let due = this.#dueInOthers();
    for (const shard of this.#watched) due = Math.min(due, shard.soonest(this.record(shard)));
    return due;
  }

  /** The same where it watches nothing; a shard in which it holds nothing is not asked again. */
  #dueInOthers(): number {
    if (this.#others.length === 0) return C.NEVER_MICROS;
    const dues = this.#others.map((shard) => shard.soonest(this.record(shard)));
    this.#setOthers(this.#others.filter((_, at) => dues[at] !== C.NEVER_MICROS));
    return Math.min(...dues);
  }

  /**
   * The jobs that it holds whose times to run end first, at most `most`, and how many there are.
   */
  held(most: number, now: number): { readonly jobs: readonly HeldJob[]; readonly count: number } {
    const jobs: HeldJob[] = [];
    let count = 0;
    for (const shard of this.#shards) {
      const record = this.record(shard);
      if (record === 0) continue;
      shard.heldJobs(record, most, now);
      count += shard.field(C.RESULT_REF);
      jobs.push(...heldJobs(shard));
    }
    jobs.sort((a, b) => a.leftMicros - b.leftMicros);
    return { jobs: jobs.slice(0, most), count };
  }

  /**
   * Ends it: what it holds becomes ready, what it watches is watched no longer. A bounded part of
   * it at a time is done under a lock.
   */
  close(now: number): void {
    for (const shard of this.#shards) {
      const record = this.record(shard);
      if (record === 0) continue;
      this.#records[shard.index] = 0;
      while (shard.closeConn(record, now) === C.MORE);
    }
    this.#watched = NOWHERE;
    this.#others = NOWHERE;
  }
}

/** Whether the place (pri, id) stands before the other. */
function isBefore(pri: number, id: number, otherPri: number, otherId: number): boolean {
  return pri < otherPri || (pri === otherPri && id < otherId);
}
