/* Page budget: the memory cap of the whole server, shared out among its shards.
 *
 * The cap is so many pages of 64 KiB. Each page of it is either left, in one number that all
 * threads share, or in the budget of one shard: the sum of all is always the cap. A shard's budget
 * bounds the pages that its jobs and their tables take. What a shard has and does not use it keeps,
 * which costs nothing; when another shard is refused memory and nothing is left, the thread that
 * asks takes it from there, and then has sparse pages emptied (assembly/sweep.ts). It goes from
 * shard to shard and never has two locks at a time.
 *
 * What is vital is refused to nobody, so a shard may use more than its budget: when budgets are
 * settled that is taken from what is left, which may fall below 0. So are the pages of the board.
 *
 * A memory never becomes smaller, so pages that a shard once used stay with the process when
 * another shard has its budget. That is bounded, too: `growth` counts the pages that memories may
 * grow to, and a shard that has no free page is given no more than is left of it. One half of it is
 * reserved in equal shares, so that no shard is ever without. Used by engine/shard.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "./shard.ts";

/** Pages that a shard is given at a time while there are so many: 16 MiB. */
const STEP_PAGES = 256;
/** Pages that a shard begins with. */
const FIRST_PAGES = 64;
/** While fewer are left, budgets are settled before anything is given: what is overdrawn counts. */
const SCARCE_PAGES = 2 * STEP_PAGES;

/* The counts that all threads share: pages of the cap, and of growth, that no shard has. */
const LEFT = 0;
const GROWTH = 1;

/** The counts, for what `makeShards` makes. */
export function pageCounts(capPages: number, growthPages: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(8);
  const counts = new Int32Array(buffer);
  counts[LEFT] = capPages;
  counts[GROWTH] = growthPages;
  return buffer;
}

/** The budget as one thread sees it. */
export class PageBudget {
  readonly #counts: Int32Array;
  #shards: readonly Shard[] = [];

  /** `counts`: of `pageCounts`, the same for all threads. */
  constructor(counts: SharedArrayBuffer) {
    this.#counts = new Int32Array(counts);
  }

  /** The thread's handles on all shards, once they are made. */
  serve(shards: readonly Shard[]): void {
    this.#shards = shards;
  }

  /**
   * Finds more memory for a shard that was refused some; false when there is none. `isRetry`: it
   * was refused again after it was given some. Then the shard's own spare pages are not enough; to
   * hand them out once more would go on for ever.
   */
  enlarge(shard: Shard, isRetry: boolean): boolean {
    if (this.#isScarce) this.#settleAll(isRetry ? shard : undefined);
    return this.#grant(shard) || this.#sweep(shard);
  }

  /** A shard is new, or its jobs came back: its budget is what it uses, and a few pages. */
  begin(shard: Shard): void {
    this.settle(shard);
    this.#grant(shard, FIRST_PAGES);
  }

  /** Makes the shard's budget what it uses. */
  settle(shard: Shard): void {
    shard.settleBudget();
    Atomics.add(this.#counts, LEFT, shard.field(C.RESULT_PAGES));
    Atomics.add(this.#counts, GROWTH, shard.field(C.RESULT_GROWTH));
  }

  /** A page is in use that is no shard's: the board's, bounded by the jobs that have names. */
  countPage(): void {
    Atomics.sub(this.#counts, LEFT, 1);
  }

  get #isScarce(): boolean {
    const counts = this.#counts;
    return Math.min(Atomics.load(counts, LEFT), Atomics.load(counts, GROWTH)) < SCARCE_PAGES;
  }

  /** Takes up to `most` pages of a count, returns how many there were. */
  #take(count: number, most: number): number {
    const counts = this.#counts;
    for (;;) {
      const before = Atomics.load(counts, count);
      const pages = Math.max(0, Math.min(most, before));
      if (pages === 0) return 0;
      if (Atomics.compareExchange(counts, count, before, before - pages) === before) return pages;
    }
  }

  #grant(shard: Shard, most = STEP_PAGES): boolean {
    shard.grantablePages(); // beyond 4 GiB a shard has no use for any
    const free = shard.field(C.RESULT_GROWTH);
    const taken = this.#take(LEFT, Math.min(most, shard.field(C.RESULT_PAGES)));
    const growth = this.#take(GROWTH, Math.max(0, taken - free));
    const pages = Math.min(taken, free + growth);
    Atomics.add(this.#counts, LEFT, taken - pages);
    if (pages > 0) shard.grantPages(pages, growth);
    return pages > 0;
  }

  #settleAll(except: Shard | undefined): void {
    for (const shard of this.#shards) if (shard !== except) this.settle(shard);
  }

  /** Empties sparse pages until one is free that `shard` can have: its own, or another's. */
  #sweep(shard: Shard): boolean {
    if (sweepOne(shard)) return true;
    for (const other of this.#shards) {
      if (other === shard) continue;
      while (sweepOne(other)) {
        this.settle(other);
        if (this.#grant(shard)) return true;
      }
    }
    return false;
  }
}

/** Empties sparse pages of the shard until one is free; false when nothing is to be gained. */
function sweepOne(shard: Shard): boolean {
  for (;;) {
    const answer = shard.sweep();
    if (answer !== C.MORE) return answer === C.DONE;
  }
}
