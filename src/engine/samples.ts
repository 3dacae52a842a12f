/* Samples: what a tube's last times were like, as read from what statsTube left: averages, the
 * least and the most, and the single times that percentiles are made of.
 *
 * What exactly is counted stands in assembly/samples.ts. What is read is copied out.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "./shard.ts";

/** What took so long was slow, in microseconds. */
export const SLOW_MICROS = 100_000;

/** The last times of a tube, in microseconds. */
export class TubeSamples {
  readonly #figures: Float64Array;
  /** The last slow times, or fast ones if there was no slow one; ascending. */
  readonly #times: Uint32Array;

  /** Of the tube whose statistics were just asked for. */
  constructor(shard: Shard) {
    const bytes = shard.output.slice(0, L.SAMPLES_BYTES + 4 * shard.field(C.RESULT_COUNT));
    this.#figures = new Float64Array(bytes.buffer, 0, L.SAMPLES_BYTES / 8);
    this.#times = new Uint32Array(bytes.buffer, L.SAMPLES_BYTES).toSorted();
  }

  /** A figure: SAMPLE_* of assembly/layouts.ts. */
  figure(which: number): number {
    return this.#figures[which / 8] ?? 0;
  }

  /** The time that so many of a hundred did not exceed; 0 when there is none. */
  percentile(percent: number): number {
    return this.#times[Math.round((percent / 100) * (this.#times.length - 1))] ?? 0;
  }
}
