/* Segments: those that are on the disk beside the one that is being written to: what lives in each,
 * which is to go next, and how it goes.
 *
 * What lives where is counted by the shards, as it happens (assembly/segments.ts). A segment may
 * only go when whatever ended or replaced what it holds is safe: the journal, which uses this, sees
 * to that.
 */

import * as C from "../../assembly/constants.ts";
import { quarantineName, segmentName } from "./format.ts";
import type { JournalParts } from "./journal-parts.ts";
import type { Spares } from "./spares.ts";

/** A segment that is on the disk and not written to any more. */
export interface ExistingSegment {
  readonly number: number;
  readonly salt: number;
  /** Shards of the server that wrote it. */
  readonly shards: number;
  /** Where in it what counts ends; absent: all of it counts. */
  readonly end?: number;
  /** Reclaim it before any other: a crash or damage left something in it that should not stay. */
  readonly first?: boolean;
  /** It is damaged: its file is kept aside when it goes. */
  readonly quarantine?: boolean;
}

/** The segments of a journal but the newest, oldest first. */
export class Segments {
  readonly #parts: JournalParts;
  readonly #spares: Spares;
  readonly #list: ExistingSegment[];

  /** What goes becomes one of the `spares`. */
  constructor(parts: JournalParts, spares: Spares) {
    this.#parts = parts;
    this.#spares = spares;
    this.#list = [...parts.segments];
  }

  get count(): number {
    return this.#list.length;
  }

  get numbers(): readonly number[] {
    return this.#list.map(({ number }) => number);
  }

  /** Nothing more is written to this one, which is younger than all others. */
  add(segment: ExistingSegment): void {
    this.#list.push(segment);
  }

  /**
   * Without space for a segment, one in which nothing is needed is used again. Not the newest: its
   * header knows the ids. Nor one behind a segment whose end does not count: its header says where
   * that end is.
   */
  makeSpace(): void {
    const free = this.#list.slice(0, -1).find(({ number }, at) => {
      return this.#list[at - 1]?.end === undefined && this.loadBytes(number) === 0;
    });
    if (free !== undefined) this.drop([free]);
  }

  /**
   * Those in which nothing is needed. None while another one has to go first: a job that a crash
   * left in two segments may be deleted in a third.
   */
  get dead(): readonly ExistingSegment[] {
    if (this.#list.some(({ first }) => first === true)) return [];
    return this.#list.filter(({ number }) => this.loadBytes(number) === 0);
  }

  /** Removes segments; their files become spares, or are kept aside. Throws a StorageError. */
  drop(segments: readonly ExistingSegment[]): void {
    const { shards, storage } = this.#parts;
    for (const { number, quarantine } of segments) {
      const at = this.#list.findIndex((segment) => segment.number === number);
      this.#list.splice(at, 1);
      for (const { shard } of shards) {
        shard.answer(shard.engine.dropSegment(shard.thread, number));
      }
      if (quarantine === true) storage.rename(segmentName(number), quarantineName(number));
      else this.#spares.recycle(number);
    }
    storage.syncDirectory();
  }

  /**
   * The segment to reclaim now: one that must go, or the emptiest when space is wanted.
   * `allLiveBytes` are the newest segment's too.
   */
  choose(allLiveBytes: number, isFull: boolean): ExistingSegment | undefined {
    const urgent = this.#list.find(({ first }) => first === true);
    if (urgent !== undefined) return urgent;
    const { segmentBytes } = this.#parts.options;
    const isTooLarge = (this.count + 1) * segmentBytes > 2 * allLiveBytes + 2 * segmentBytes;
    if (!isTooLarge && !isFull) return undefined;
    let emptiest: ExistingSegment | undefined;
    let least = Infinity;
    for (const segment of this.#list) {
      const load = this.loadBytes(segment.number);
      if (load >= least) continue;
      least = load;
      emptiest = segment;
    }
    return isTooLarge || least < segmentBytes / 2 ? emptiest : undefined;
  }

  /**
   * What reclaiming a segment may have to write again. Tombstones count too, or they would be
   * carried on for ever and nothing else; but not when all segments that they are needed for have
   * gone.
   */
  loadBytes(number: number): number {
    return this.#parts.shards.reduce((sum, shard) => {
      const tombstones = shard.foreignTombstones(number);
      const load = shard.liveBytes(number);
      if (tombstones === 0 || !this.#existsIn(...shard.tombstoneOrigins(number))) return sum + load;
      return sum + load + tombstones * C.RECORD_BYTES_MIN;
    }, 0);
  }

  /**
   * Whether there is a segment whose number is in that range; what is being written to has no older
   * records.
   */
  #existsIn(low: number, high: number): boolean {
    return this.#list.some(({ number }) => number >= low && number <= high);
  }

  /** Bytes of the records in these segments that are needed. */
  get liveBytes(): number {
    return this.#list.reduce((sum, { number }) => sum + this.liveBytesOf(number), 0);
  }

  /** Bytes of the records in one segment that are needed; the newest one, too. */
  liveBytesOf(number: number): number {
    return this.#parts.shards.reduce((sum, shard) => sum + shard.liveBytes(number), 0);
  }
}
