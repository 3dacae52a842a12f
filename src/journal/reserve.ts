/* Reserve: what puts leave free on a full disk, so that all that drains the queue goes on.
 *
 * While the storage has space for more spares nothing is refused. Once it has none, what is left is
 * counted: place for the records that are on their way when puts begin to be refused
 * (`comingBytes`); for each job a few records more, so that all can be drained without anything
 * being reclaimed, or, for many small jobs, two segments, which must do for as long as it takes to
 * empty half of one; and three spares, so that records of what changes a job and changes it back
 * can go from one to the next, and a server that starts again finds a file for its first segment.
 * Part of it suffices to copy a segment together of which a part is needed, so that puts come back
 * when a part of the jobs has gone, of each segment a few. Asked by the journal.
 */

import { FRAME_BYTES, SEGMENT_HEADER_BYTES, STATEMENTS_BYTES } from "./format.ts";
import { FRAME_HEADER_BYTES_MAX } from "./frame-writer.ts";
import type { Commit } from "./commit.ts";
import type { JournalParts } from "./journal-parts.ts";
import { SHORT_COUNT } from "./spares.ts";
import type { Spares } from "./spares.ts";

/**
 * What a job may need to be drained: the failures of ten attempts without a message, its last
 * state, and the record that it is gone.
 */
const DRAIN_BYTES_PER_JOB = 1000;
/** Segments that are kept at most: then what drains counts on reclaiming. */
const SEGMENTS_MOST = 2;
/** What is left for copying a segment together is no more than one part in so many of all files. */
const RECLAIM_PART = 8;
/** Bytes of a segment that records cannot have: its header, its list of segments, what ends it. */
export const AROUND_BYTES =
  2 * SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES_MAX + FRAME_BYTES + STATEMENTS_BYTES;

/** Bytes that reclaiming may write; `mostBytes` where nothing else can go before. */
export interface ReclaimRoom {
  readonly roomBytes: number;
  readonly mostBytes: number;
}

/** The reserve of a journal. */
export class Reserve {
  readonly #parts: JournalParts;
  readonly #spares: Spares;
  readonly #commit: Commit;

  constructor(parts: JournalParts, spares: Spares, commit: Commit) {
    this.#parts = parts;
    this.#spares = spares;
    this.#commit = commit;
  }

  /**
   * Bytes of records that can still be written without more of the disk, beside those that wait in
   * the rings.
   */
  get #freeBytes(): number {
    const { room, waitingBytes } = this.#commit;
    const { bytes, count } = this.#spares;
    return Math.max(0, room) + bytes - count * AROUND_BYTES - waitingBytes;
  }

  /** Whether there is no place for what may come before anybody hears that there is none. */
  get isShort(): boolean {
    return this.#freeBytes < this.#parts.options.comingBytes;
  }

  /** Whether each commit may be the one after which puts are to be refused. */
  get isTight(): boolean {
    return this.#spares.isRefused || this.isShort;
  }

  /** Whether a full disk has so few spares that what can be reclaimed is to be, before all else. */
  get isThin(): boolean {
    return this.#spares.isRefused && this.#spares.count < SHORT_COUNT - 1;
  }

  /**
   * Whether all that is left of a full disk is what has to be kept: puts are to be refused. What
   * the present segment has left is lost when a server starts again, so the spares alone have to
   * suffice for what drains, and for two of them to be where that is reclaimed from and to. What
   * reclaiming may write counts, too: `filesBytes` are those of the segments.
   */
  isReached(filesBytes: number): boolean {
    const { room } = this.#commit;
    if (!this.#spares.isRefused) return false;
    if (this.#spares.isSpent) return true;
    const { count, bytes, shortestBytes } = this.#spares;
    const { comingBytes } = this.#parts.options;
    if (count < SHORT_COUNT || (count === SHORT_COUNT && room < comingBytes / 8)) return true;
    const drains = this.#drainBytes;
    if (bytes < drains + 2 * shortestBytes || this.#freeBytes < comingBytes + drains) return true;
    const copied = Math.min(this.#parts.options.segmentBytes, filesBytes / RECLAIM_PART);
    return this.reclaimRoom.roomBytes < copied;
  }

  get #drainBytes(): number {
    const { shards, options } = this.#parts;
    const jobs = shards.reduce((sum, { jobCount }) => sum + jobCount, 0);
    return Math.min(SEGMENTS_MOST * options.segmentBytes, jobs * DRAIN_BYTES_PER_JOB);
  }

  /**
   * What reclaiming may write: no more than leaves commands that go on meanwhile a place on a full
   * disk, and a spare to a server that starts again in the middle.
   */
  get reclaimRoom(): ReclaimRoom {
    if (!this.#spares.isRefused) return { roomBytes: Infinity, mostBytes: Infinity };
    const leftBytes = this.#parts.options.comingBytes / 8;
    const mostBytes = this.#freeBytes / this.#copies - leftBytes;
    const roomBytes = mostBytes - this.#spares.shortestBytes;
    if (!this.#spares.isSpent) return { roomBytes, mostBytes };
    // Spares come back only by reclaiming, and what fits into the present segment needs none.
    const { room, waitingBytes } = this.#commit;
    const present = Math.max(0, room - waitingBytes) / this.#copies - leftBytes;
    return { roomBytes: Math.max(roomBytes, present), mostBytes };
  }

  /** Writing over a spare takes as much again where files are copied on write. */
  get #copies(): number {
    return this.#spares.isSpent ? 2 : 1;
  }
}
