/* Tally: what has happened since the start, in one tube or in the whole shard, as the model counts
 * it: events, and how long jobs stood ready and were held.
 *
 * A histogram is a list of counts, one for each power of two, and the sum in microseconds
 * (assembly/times.ts).
 */
import * as C from "../../assembly/constants.ts";

/** How long something took, of all that were counted. */
class Histogram {
  readonly #counts = Array.from({ length: C.TIME_BUCKETS }, () => 0);
  #sumMicros = 0;

  /** Counts one of so many microseconds, or takes it away again with `by` -1. */
  count(micros: number, by = 1): void {
    const bucket = this.#bucketOf(micros);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + by;
    this.#sumMicros += by * micros;
  }

  #bucketOf(micros: number): number {
    for (let bucket = 0; bucket < C.TIME_BUCKETS - 1; bucket++) {
      if (micros < 2 ** (C.TIME_FIRST_BITS + bucket)) return bucket;
    }
    return C.TIME_BUCKETS - 1;
  }

  get times(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** As the engine writes it: the counts, then the sum. */
  get numbers(): readonly number[] {
    return [...this.#counts, this.#sumMicros];
  }
}

/** What has happened. */
export class Tally {
  puts = 0;
  deletes = 0;
  releases = 0;
  buries = 0;
  kicks = 0;
  touches = 0;
  timeouts = 0;
  losses = 0;
  /** Jobs that were held and moved to another tube. */
  moves = 0;
  /** Dead jobs that went to the dead-letter tube. */
  deadLetters = 0;
  /** Reserves of jobs that were not ready. */
  otherReserves = 0;
  /** From becoming ready to the reserve. */
  readonly queue = new Histogram();
  /** From the reserve to the delete, release or bury. */
  readonly process = new Histogram();

  get reserves(): number {
    return this.otherReserves + this.queue.times;
  }

  /** Attempts that ended without a delete. */
  get failures(): number {
    return this.buries + this.releases + this.timeouts + this.losses + this.moves;
  }
}
