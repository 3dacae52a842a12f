/*
 * Latencies in a high-dynamic-range histogram: every sample counts, three digits are kept, nothing
 * is averaged away.
 */
import { build, type Histogram } from "hdr-histogram-js";

const NANOS_MAX = 60e9;

/** Collects microseconds, answers percentiles in microseconds. */
export class Latency {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: NANOS_MAX,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  });

  /** How many were recorded. */
  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Records one latency; what is above a minute counts as a minute. */
  record(micros: number): void {
    this.#histogram.recordValue(Math.min(NANOS_MAX, Math.round(micros * 1000)));
  }

  /** Adds all that the other has recorded. */
  add(other: Latency): void {
    this.#histogram.add(other.#histogram);
  }

  /** The latency that `percent` of the samples do not exceed; 0 when there are none. */
  percentileMicros(percent: number): number {
    return this.#histogram.getValueAtPercentile(percent) / 1000;
  }

  /** Forgets everything. */
  reset(): void {
    this.#histogram.reset();
  }
}
