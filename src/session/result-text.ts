/* ResultText: a result on its way into the shard of its job, in pieces.
 *
 * Where there is no room for it inside the memory cap it is taken in all the same, for those who
 * await the job now, and is not to be kept; unless so much may not stand beyond the cap, and then
 * it is refused. Invariant: the text is this object's until `take`. Used by finishing.ts and the
 * batches.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { Desk } from "./desk.ts";

/** One result of `bytes`. */
export class ResultText {
  readonly bytes: number;
  readonly shard: Shard;
  readonly #desk: Desk;
  /** Address of the text, 0 when there is no memory at all. */
  #address = 0;
  /** There is no room for it inside the memory cap. */
  #isBeyond = false;
  readonly #mayGoBeyond: boolean;

  constructor(desk: Desk, shard: Shard, bytes: number, mayGoBeyond = true) {
    this.#desk = desk;
    this.shard = shard;
    this.bytes = bytes;
    this.#mayGoBeyond = mayGoBeyond;
    let answer = shard.withMemory(() => shard.openResult(bytes, 0));
    this.#isBeyond = answer !== C.DONE;
    if (this.#isBeyond && mayGoBeyond) answer = shard.openResult(bytes, 1);
    if (answer === C.DONE) this.#address = shard.field(C.RESULT_REF);
  }

  /** Takes all of it, within the memory cap or beyond it; as `append` of a Receiver. */
  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    const { shard } = this;
    const offset = this.#desk.stage(shard, bytes, at, at + count, end);
    let refusedAt = -1;
    for (let done = 0; done < count && this.#address !== 0;) {
      const answer = shard.appendResult(
        this.#address,
        position + done,
        offset + done,
        count - done,
        this.#isBeyond ? 1 : 0,
      );
      done += shard.field(C.RESULT_COUNT);
      if (answer !== C.OUT_OF_MEMORY) continue;
      if (this.#isBeyond) this.drop();
      else if (!shard.growBudget(done === refusedAt)) this.#goBeyond();
      refusedAt = done;
    }
    return count;
  }

  #goBeyond(): void {
    this.#isBeyond = true;
    if (!this.#mayGoBeyond) this.drop();
  }

  /** It does not stand inside the memory cap. */
  get isBeyond(): boolean {
    return this.#isBeyond;
  }

  /** There is no room for it, not even to be told. */
  get isRefused(): boolean {
    return this.#isBeyond && !this.#mayGoBeyond;
  }

  /** Whether it can be kept: it is whole inside the memory cap. */
  get isInside(): boolean {
    return this.#address !== 0 && !this.#isBeyond;
  }

  /** The text, which is the caller's now; 0 when there was no memory for it. */
  take(): number {
    const address = this.#address;
    this.#address = 0;
    return address;
  }

  drop(): void {
    if (this.#address !== 0) this.shard.dropFailure(this.#address);
    this.#address = 0;
  }
}

/**
 * Whether there is room to keep a result of `bytes` beside others of `otherBytes` in the same
 * batch: in its record, in those of the batch, on the disk, among all results.
 */
export function mayKeep(
  { shards, limits, journal }: Desk,
  bytes: number,
  otherBytes: number,
): boolean {
  if (journal !== undefined) {
    if (journal.isFull || bytes > journal.resultBytesMax) return false;
    if (bytes + otherBytes > C.RESULT_BYTES_MAX) return false;
  }
  const kept = shards.reduce((sum, shard) => sum + shard.resultBytes(), 0);
  return kept + bytes + otherBytes <= limits.maxResultsBytes;
}
