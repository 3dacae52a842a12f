/* Wakes: which threads have grants to collect, and in which shards, and whether bodies are to be
 * read back, gathered over the calls of one turn of one thread.
 *
 * Each answer of the engine adds what it says (`note`, called by engine/shard.ts); at the end of
 * the turn the host takes it thread by thread and tells each one (session/host.ts). Two words of 32
 * bits have a bit for each thread, or for each shard.
 */
import { THREADS_MAX } from "../../assembly/constants.ts";

/** The grants that one thread has made for others and itself. */
export class Wakes {
  /** The shards that `take` found, as two words of bits. */
  shardsLow = 0;
  shardsHigh = 0;
  /** Bodies are to be read back (assembly/away.ts); whoever sees to that sets it back. */
  wantsBodies = false;
  #low = 0;
  #high = 0;
  /** Two words of shards for each thread. */
  readonly #shards = new Int32Array(2 * THREADS_MAX);

  /** Grants were made in `shard` for the threads whose bits are set. */
  note(low: number, high: number, shard: number): void {
    this.#low |= low;
    this.#high |= high;
    this.#add(low, 0, shard);
    this.#add(high, 32, shard);
  }

  #add(threads: number, first: number, shard: number): void {
    for (let bits = threads; bits !== 0; bits &= bits - 1) {
      const word = 2 * (first + lowestBit(bits)) + (shard >>> 5);
      this.#shards[word] = (this.#shards[word] ?? 0) | (1 << (shard & 31));
    }
  }

  /** Whether somebody has something to collect. */
  get isAny(): boolean {
    return (this.#low | this.#high) !== 0;
  }

  /** The next thread that has, which is then told by the caller; -1 when there is none. */
  take(): number {
    if (!this.isAny) return -1;
    const thread = this.#low !== 0 ? lowestBit(this.#low) : 32 + lowestBit(this.#high);
    if (this.#low !== 0) this.#low &= this.#low - 1;
    else this.#high &= this.#high - 1;
    this.shardsLow = this.#shards[2 * thread] ?? 0;
    this.shardsHigh = this.#shards[2 * thread + 1] ?? 0;
    this.#shards.fill(0, 2 * thread, 2 * thread + 2);
    return thread;
  }
}

/** The number of the lowest bit that is set. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
