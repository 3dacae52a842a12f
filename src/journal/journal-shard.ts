/* JournalShard: one shard as the journal sees it: its ring, its stream of records, its table of
 * segments.
 *
 * `written` is how far the stream has been given to the disk; from there to `head` lie the records
 * of the next frame. Used by the journal, by recovery and by whoever leads a commit, each through a
 * shard handle of its own thread.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "../engine/shard.ts";
import type { Checksum } from "./format.ts";
import type { Region } from "./scan.ts";

/** What of a shard's stream goes into a frame. */
export interface Gathered {
  /** Bytes of records, without the ring's unused end. */
  readonly bytes: number;
  /** Views over the ring, one or two; valid until the ring is freed. */
  readonly pieces: readonly Uint8Array[];
  /** Position in the stream behind them. */
  readonly to: number;
}

/** A part of a stream that goes into a frame as a whole. */
export interface StreamPiece {
  /** Position behind it. */
  readonly end: number;
  /** Of a batch: its number, and in how many shards it has records; they go into one frame. */
  readonly group: { readonly number: number; readonly shards: number } | undefined;
}

/* How far a stream has come, as indexes. */
export const WRITTEN = 0;
export const SYNCED = 1;
const SEALED = 2;
const SEALED_SKIPPED = 3;
/** Numbers that say how far a shard's stream has come. */
export const PROGRESS_NUMBERS = 4;
/** Where a shard counts its jobs, by their states. */
const JOB_STATES = [C.SHARD_READY, C.SHARD_DELAYED, C.SHARD_BURIED, C.SHARD_RESERVED] as const;

/** One shard's part in the journal. */
export class JournalShard {
  readonly shard: Shard;
  readonly ringBytes: number;
  /** The ring as bytes. */
  readonly ring: Uint8Array;
  readonly #ringWords: Uint32Array;
  readonly #showing: Int32Array;
  readonly #early: Uint32Array;
  readonly #head: Float64Array;
  readonly #live: Float64Array;
  readonly #words: Uint32Array;
  readonly #resident: Float64Array;
  readonly #wanted: Uint32Array;
  readonly #progress: Float64Array;

  /**
   * Handles of several threads on one shard share the numbers that say how far its stream has come.
   */
  constructor(
    shard: Shard,
    memory: WebAssembly.Memory,
    ringBytes: number,
    progress: Float64Array = new Float64Array(PROGRESS_NUMBERS),
  ) {
    this.#progress = progress;
    this.shard = shard;
    this.ringBytes = ringBytes;
    const table = shard.segmentsAddress() >>> 0;
    const words = (C.SEGMENTS_MAX * C.SEGMENT_ENTRY_BYTES) / 4;
    this.ring = new Uint8Array(memory.buffer, shard.ringAddress() >>> 0, ringBytes);
    this.#ringWords = new Uint32Array(memory.buffer, shard.ringAddress() >>> 0, ringBytes / 4);
    this.#head = new Float64Array(memory.buffer, shard.journalHeadAddress() >>> 0, 1);
    this.#early = new Uint32Array(memory.buffer, shard.earlyAddress() >>> 0, 2);
    this.#showing = new Int32Array(memory.buffer, shard.showingAddress() >>> 0, 1);
    this.#live = new Float64Array(memory.buffer, table, words / 2);
    this.#words = new Uint32Array(memory.buffer, table, words);
    this.#resident = new Float64Array(memory.buffer, shard.residentAddress(), 1);
    this.#wanted = new Uint32Array(memory.buffer, shard.wantedAddress(), 2);
  }

  /** Position in the stream up to which everything has been written. */
  get written(): number {
    return this.#progress[WRITTEN] ?? 0;
  }

  set written(position: number) {
    this.#progress[WRITTEN] = position;
  }

  /** Position up to which everything has been synced. */
  get synced(): number {
    return this.#progress[SYNCED] ?? 0;
  }

  /** Everything that was written is synced. */
  setSynced(): void {
    this.#progress[SYNCED] = this.written;
  }

  /**
   * Position up to which records are sealed; beyond `written` only when what they were for was
   * refused.
   */
  get sealed(): number {
    return this.#progress[SEALED] ?? 0;
  }

  /** Position behind the last record that a command wrote. */
  get head(): number {
    return this.#head[0] ?? 0;
  }

  /**
   * Of shard 0: a number that is odd, or another one before than after, when records of a batch in
   * several shards were being shown. Everything that was read before is read by then.
   */
  get showing(): number {
    return Atomics.add(this.#showing, 0, 0);
  }

  /** Replies about some job wait for less than those about others (assembly/acks.ts). */
  get wantsEarly(): boolean {
    return this.#early[0] !== 0;
  }

  /** Such replies need not wait any more than that. */
  tellEarly(): void {
    this.#early[1] = 1;
  }

  /** Bytes of the bodies that are in memory; read without the lock. */
  get residentBytes(): number {
    return this.#resident[0] ?? 0;
  }

  /** Whether bodies are to be read back; read without the lock. */
  get wantsBodies(): boolean {
    return this.#wanted[0] !== this.#wanted[1];
  }

  /** Jobs that it has. */
  get jobCount(): number {
    const { shard } = this;
    shard.statsShard(0);
    return JOB_STATES.reduce((sum, state) => sum + shard.field(C.RESULT_STATS + state), 0);
  }

  /**
   * What begins at a position of the stream that has not been freed: a record, the ring's unused
   * end, or all that a batch has here, which is never parted.
   */
  pieceAt(position: number): StreamPiece {
    const words = this.#ringWords;
    const at = (position % this.ringBytes) / 4;
    const bytes = words[at] ?? 0;
    const isGroup = (bytes & C.SKIP_MARK) === 0 && this.#kindAt(at) === C.RECORD_GROUP;
    if (!isGroup) return { end: position + (bytes & ~C.SKIP_MARK), group: undefined };
    const number =
      (words[at + L.GROUP_NUMBER / 4] ?? 0) + (words[at + L.GROUP_NUMBER / 4 + 1] ?? 0) * 2 ** 32;
    const shards = words[at + L.GROUP_SHARDS / 4] ?? 0;
    return { end: position + (words[at + L.GROUP_EXTENT / 4] ?? 0), group: { number, shards } };
  }

  #kindAt(word: number): number {
    return this.ring[word * 4 + L.RECORD_KIND] ?? 0;
  }

  /**
   * Seals the records from `written` to `to`, which counts them as lying in the present segment,
   * and shows where they lie. When there was no space for them they have to be gathered again as
   * they are, for the same segment: they are sealed once.
   */
  gather(to: number, salt: number): Gathered {
    const from = this.written;
    if (this.sealed <= from) {
      this.#progress[SEALED_SKIPPED] = this.shard.seal(from, to, salt);
      this.#progress[SEALED] = to;
    }
    if (this.sealed !== to) throw new RangeError("records were sealed that are not written");
    const skipped = this.#progress[SEALED_SKIPPED] ?? to;
    if (skipped === to) return { bytes: to - from, pieces: this.#views(from, to), to };
    const wrapped = Math.ceil((skipped + 1) / this.ringBytes) * this.ringBytes;
    const pieces = [...this.#views(from, skipped), ...this.#views(wrapped, to)];
    return { bytes: skipped - from + (to - wrapped), pieces, to };
  }

  /** Views over a part of the stream: two where it passes the end of the ring. */
  #views(from: number, to: number): Uint8Array[] {
    if (from === to) return [];
    const start = from % this.ringBytes;
    const end = start + (to - from);
    if (end <= this.ringBytes) return [this.ring.subarray(start, end)];
    return [this.ring.subarray(start), this.ring.subarray(0, end - this.ringBytes)];
  }

  /**
   * Everything up to `to` has been written, to `place` in the newest segment: jobs learn where
   * their records lie, bodies leave memory as `pressure` says (assembly/away.ts), and the place in
   * the ring is free.
   */
  free(to: number, place: number, pressure: number): void {
    const { shard } = this;
    let [from, at] = [this.written, place];
    while (shard.settleRing(from, to, at, pressure) === C.MORE) {
      from = shard.field(C.RESULT_LSN);
      at = shard.field(C.RESULT_COUNT);
    }
    this.written = to;
    shard.freeRing(to);
  }

  /** Bytes of records in all segments that are still needed. */
  get allLiveBytes(): number {
    let sum = 0;
    for (let index = this.shard.segmentCount() - 1; index >= 0; index--) {
      sum += this.#live[(index * C.SEGMENT_ENTRY_BYTES) / 8 + C.SEGMENT_LIVE] ?? 0;
    }
    return sum;
  }

  /** Index of the segment in this shard's table, whose numbers ascend; -1 if it is not there. */
  #entry(number: number): number {
    const step = C.SEGMENT_ENTRY_BYTES / 4;
    let low = 0;
    let high = this.shard.segmentCount() - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#words[middle * step + C.SEGMENT_NUMBER] ?? 0;
      if (found === number) return middle;
      if (found < number) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #word(number: number, which: number): number {
    const index = this.#entry(number);
    return index < 0 ? 0 : (this.#words[(index * C.SEGMENT_ENTRY_BYTES) / 4 + which] ?? 0);
  }

  /** Bytes of records in the segment that are still needed. */
  liveBytes(number: number): number {
    const index = this.#entry(number);
    return index < 0 ? 0 : (this.#live[(index * C.SEGMENT_ENTRY_BYTES) / 8 + C.SEGMENT_LIVE] ?? 0);
  }

  /** Tombstones in the segment whose job's record lies in another one. */
  foreignTombstones(number: number): number {
    return this.#word(number, C.SEGMENT_FOREIGN);
  }

  /** The lowest and the highest number of the segments that those may be needed for. */
  tombstoneOrigins(number: number): readonly [low: number, high: number] {
    return [this.#word(number, C.SEGMENT_LOW_ORIGIN), this.#word(number, C.SEGMENT_HIGH_ORIGIN)];
  }

  /** Jobs in the segment that were found, newer, in another one too. */
  superseded(number: number): number {
    return this.#word(number, C.SEGMENT_SUPERSEDED);
  }

  /**
   * Whether every record between two places in the bytes of a segment is sound. The ring is the
   * staging area.
   */
  isWhole({ from, to }: Pick<Region, "from" | "to">, bytes: Uint8Array, salt: number): boolean {
    let at = from;
    while (at < to) {
      const staged = Math.min(to - at, this.ringBytes);
      this.ring.set(bytes.subarray(at, at + staged));
      this.shard.check(staged, salt);
      const done = this.shard.field(C.RESULT_COUNT);
      if (done === 0) return false;
      at += done;
    }
    return true;
  }
}

/** The engine's CRC-32C, through the staging area of the first shard. */
export function checksumThrough(shards: readonly JournalShard[]): Checksum {
  const shard = shards[0]?.shard;
  if (shard === undefined) throw new RangeError("an engine has at least one shard");
  return (seed, bytes) => {
    shard.staging.set(bytes);
    return shard.checksum(seed, shard.stagingAddress, bytes.length) >>> 0;
  };
}

/** Bytes of the bodies that are in memory in all of these; read without their locks. */
export function residentBytesOf(shards: readonly JournalShard[]): number {
  return shards.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
}
