/* Segments: those that are on the disk beside the one that is being written to: what lives in each,
 * which is to go next, and how it goes.
 *
 * What lives where is counted by the shards, as it happens (assembly/segments.ts). A segment may
 * only go when whatever ended or replaced what it holds is safe: the journal, which uses this, sees
 * to that.
 */

import * as C from "../../assembly/constants.ts";
import { FRAME_BYTES, frameHeaderBytes, quarantineName, segmentName } from "./format.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { ExistingSegment, JournalParts } from "./journal-parts.ts";
import { AROUND_BYTES } from "./reserve.ts";
import type { ReclaimRoom } from "./reserve.ts";
import { SegmentFile } from "./segment-file.ts";
import type { Spares } from "./spares.ts";
import { goneStatement } from "./statement.ts";
import { foundSpaceFor } from "../storage.ts";
import type { StorageFile } from "../storage.ts";

/** Of a segment at least one part in so many must be won by reclaiming it. */
const GAIN_PART_MIN = 32;

/** The segments of a journal but the newest, oldest first. */
export class Segments {
  readonly #parts: JournalParts;
  readonly #spares: Spares;
  readonly #list: ExistingSegment[];

  /** What goes becomes one of the `spares`. */
  constructor(parts: JournalParts, spares: Spares) {
    this.#parts = parts;
    this.#spares = spares;
    const names = new Set(parts.storage.list());
    this.#list = parts.segments.filter(({ number }) => names.has(segmentName(number)));
  }

  get count(): number {
    return this.#list.length;
  }

  /** Bytes of their files. */
  get bytes(): number {
    return this.#list.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get numbers(): readonly number[] {
    return this.#list.map(({ number }) => number);
  }

  /** The salt of a segment; undefined when it is none of these. */
  saltOf(number: number): number | undefined {
    return this.#list.find((segment) => segment.number === number)?.salt;
  }

  /** Nothing more is written to this one, which is younger than all others. */
  add(segment: ExistingSegment): void {
    this.#list.push(segment);
  }

  /**
   * A file for segment `next`, though there is no space: that of one in which nothing is needed.
   * Not the newest, whose header knows the ids. Nor one behind a segment whose end does not count,
   * since its header says where that end is. That it goes is said and safe before its file gets
   * the new name.
   */
  reuse(next: number, frames: FrameWriter): StorageFile | undefined {
    const { storage } = this.#parts;
    const free = this.#list.slice(0, -1).find(({ number, quarantine }, at) => {
      const isEnd = this.#list[at - 1]?.end === undefined && quarantine !== true;
      return isEnd && this.loadBytes(number) === 0;
    });
    if (free === undefined || !this.#sayReused(free.number, frames)) return undefined;
    storage.rename(segmentName(free.number), segmentName(next));
    this.#forget(free.number);
    storage.syncDirectory();
    return storage.open(segmentName(next), true);
  }

  /**
   * Whether a file was renamed since the recovery, though then there was no space to go on in it.
   */
  get wasReused(): boolean {
    const { segments, newestEnd } = this.#parts;
    return newestEnd !== undefined && this.#list.length < segments.length;
  }

  /**
   * Writes behind the end of the newest segment that this one goes, and makes it safe; false when
   * there is no space. Where the end cannot be read, nothing is called missing later either.
   */
  #sayReused(number: number, frames: FrameWriter): boolean {
    const { storage, segments, newestEnd } = this.#parts;
    const newest = segments.at(-1);
    if (newest === undefined || newestEnd === undefined) return true;
    const name = segmentName(newest.number);
    const segment = new SegmentFile(newest.number, newest.salt, storage.open(name, true));
    try {
      const statement = goneStatement([number]);
      const bytes = frameHeaderBytes(0, statement) + FRAME_BYTES;
      if (newestEnd + bytes > segment.bytes) return false;
      if (!frames.writeLateStatement(segment, newestEnd, statement)) return false;
      segment.sync();
      frames.setSafe();
      return true;
    } finally {
      segment.close();
    }
  }

  /**
   * Those in which nothing is needed. Empty while a segment marked `first` exists: a crash may have
   * left a job in two segments and its tombstone in a third, which must not go before them.
   */
  get dead(): readonly ExistingSegment[] {
    if (this.#list.some(({ first }) => first === true)) return [];
    return this.#list.filter(({ number }) => this.loadBytes(number) === 0);
  }

  /**
   * Removes segments; their files become spares, or are kept aside. Returns false when the file
   * system has no space even for that: the rest of them are still there. Throws a StorageError.
   */
  drop(segments: readonly ExistingSegment[]): boolean {
    let dropped = 0;
    for (const segment of segments) {
      if (!this.#giveAway(segment)) break;
      this.#forget(segment.number);
      dropped++;
    }
    if (dropped > 0) this.#parts.storage.syncDirectory();
    return dropped === segments.length;
  }

  #giveAway({ number, bytes, quarantine }: ExistingSegment): boolean {
    const { storage } = this.#parts;
    return foundSpaceFor(() => {
      if (quarantine === true) storage.rename(segmentName(number), quarantineName(number));
      else this.#spares.recycle(number, bytes);
    });
  }

  #forget(number: number): void {
    const at = this.#list.findIndex((segment) => segment.number === number);
    this.#list.splice(at, 1);
    for (const { shard } of this.#parts.shards) {
      shard.dropSegment(number);
    }
  }

  /**
   * The segment to reclaim now: one that must go, or the emptiest when space is wanted.
   * `allLiveBytes` are the newest segment's too; what is still needed of the segment has to fit
   * the room, which is finite when the disk has no more: `mostBytes` of it for what must go.
   */
  choose(
    allLiveBytes: number,
    isFull: boolean,
    { roomBytes, mostBytes }: ReclaimRoom,
  ): ExistingSegment | undefined {
    const fits = (load: number): boolean => load === 0 || load <= roomBytes;
    const urgent = this.#list.find(({ first }) => first === true);
    if (urgent !== undefined) {
      const load = this.loadBytes(urgent.number);
      return fits(load) || load <= mostBytes ? urgent : undefined;
    }
    const { segmentBytes } = this.#parts.options;
    const isTooLarge = this.bytes + segmentBytes > 2 * allLiveBytes + 2 * segmentBytes;
    if (!isTooLarge && !isFull) return undefined;
    let emptiest: ExistingSegment | undefined;
    let most = isTooLarge ? -Infinity : 0;
    for (const segment of this.#list) {
      const load = this.loadBytes(segment.number);
      const gain = segment.bytes - AROUND_BYTES - load;
      if (gain <= most || !fits(load)) continue;
      most = gain;
      emptiest = segment;
    }
    if (emptiest === undefined || isTooLarge) return emptiest;
    // On a full disk even a small gain is worth it: what drains the queue needs it, and puts wait.
    return most > emptiest.bytes / GAIN_PART_MIN ? emptiest : undefined;
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
}
