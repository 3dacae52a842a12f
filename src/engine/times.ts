/* Times: the two histograms of a tube or a shard, as read from the engine: how long jobs stood
 * ready, and how long they were held.
 *
 * What exactly is counted stands in assembly/times.ts.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "./shard.ts";

/** A histogram. */
export interface TimeHistogram {
  /**
   * How many took less than each of TIME_BOUNDS_MICROS and belong in no lower bucket; one more at
   * the end for the rest.
   */
  readonly counts: Float64Array;
  /** Sum of all, in microseconds. */
  readonly sumMicros: number;
}

/** Both histograms. */
export interface Times {
  /** The number of the tube (TubeSurvey); 0 for a shard. */
  readonly number: number;
  readonly queue: TimeHistogram;
  readonly process: TimeHistogram;
}

/** Upper bounds of the buckets, in microseconds, without the last one's. */
export const TIME_BOUNDS_MICROS: readonly number[] = Array.from(
  { length: C.TIME_BUCKETS - 1 },
  (_, index) => 2 ** (C.TIME_FIRST_BITS + index),
);

/** The histograms of a shard. */
export function shardTimes(shard: Shard): Times {
  shard.histograms(0, 0);
  return read(shard, 0);
}

/** The histograms of a tube of that shard; undefined when there is no such tube. */
export function tubeTimes(shard: Shard, name: Uint8Array): Times | undefined {
  shard.input.set(name);
  return shard.histograms(0, name.length) === C.DONE
    ? read(shard, shard.field(C.RESULT_REF))
    : undefined;
}

function read(shard: Shard, number: number): Times {
  const numbers = new Float64Array(2 * (C.TIME_BUCKETS + 1));
  new Uint8Array(numbers.buffer).set(shard.output.subarray(0, numbers.byteLength));
  return { number, queue: histogram(numbers, 0), process: histogram(numbers, C.TIME_BUCKETS + 1) };
}

function histogram(numbers: Float64Array, from: number): TimeHistogram {
  const end = from + C.TIME_BUCKETS;
  return { counts: numbers.subarray(from, end), sumMicros: numbers[end] ?? 0 };
}

/** The sum of histograms. */
export function sumOf(histograms: readonly TimeHistogram[]): TimeHistogram {
  const counts = new Float64Array(C.TIME_BUCKETS);
  let sumMicros = 0;
  for (const one of histograms) {
    sumMicros += one.sumMicros;
    for (const [index, count] of one.counts.entries()) counts[index] = (counts[index] ?? 0) + count;
  }
  return { counts, sumMicros };
}

/**
 * The time that the share `of` (0 to 1) did not exceed, in microseconds, within a bucket as if it
 * were filled evenly; undefined when nothing was counted. What took longer than the last bound
 * counts as that.
 */
export function quantile({ counts }: TimeHistogram, of: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let left = of * all;
  let below = 0;
  for (const [index, bound] of TIME_BOUNDS_MICROS.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && left <= count) return below + (bound - below) * (left / count);
    left -= count;
    below = bound;
  }
  return below;
}
