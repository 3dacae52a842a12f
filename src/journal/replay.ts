/* Replay: how the records of the segments come into the shards: each shard's in order, and the
 * shards independently of each other.
 *
 * What a shard is to have is gathered in its ring, and replayed there in one call when there is
 * enough of it: by whoever the workforce has, this thread or several. A region that is longer than
 * a ring goes through it in pieces. Used by recovery, before any other thread touches the shards.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "../engine/shard.ts";
import type { SegmentHeader } from "./format.ts";
import { residentBytesOf } from "./journal-shard.ts";
import type { JournalShard } from "./journal-shard.ts";
import type { Region } from "./scan.ts";

/** What lies at the beginning of a shard's ring, of the segment that was added last. */
export interface Batch {
  readonly bytes: number;
  readonly salt: number;
  /** Shards of this server. */
  readonly shards: number;
  /** The engine's clock, in microseconds. */
  readonly now: number;
  /** Its records are younger than the hints. */
  readonly isYoung: boolean;
  /** The region goes on behind it: its end may be in the middle of a record. */
  readonly isPart: boolean;
  /**
   * Failures alone, which had no job the first time, from the segment of that number; if absent,
   * everything, from the last segment.
   */
  readonly again?: number | undefined;
  /** So many entries at the end of the ring say where its records lie (assembly/layouts.ts). */
  readonly places: number;
  /** Bodies stay in the journal. */
  readonly leavesBodies: boolean;
}

/** What became of a batch. */
export interface Outcome {
  /**
   * Bytes that were gone through; fewer than there were if the rest begins in the middle of a
   * record, or does not fit into memory.
   */
  readonly done: number;
  /** Bytes in which there was no sound record. */
  readonly damaged: number;
  /** Highest id that was seen. */
  readonly lastId: number;
  /** There was no memory for a job. */
  readonly isTooMuch: boolean;
}

/** Who replays batches. */
export interface Workforce {
  /** Gets a batch replayed, now or soon. The one before it of that shard has been finished. */
  start(one: JournalShard, batch: Batch): void;
  /**
   * What became of the shard's last batch, once it is done; undefined when that was asked before.
   */
  finish(one: JournalShard): Outcome | undefined;
}

/** This thread does it all, at once. */
export function alone(): Workforce {
  const outcomes = new Map<JournalShard, Outcome>();
  return {
    start(one, batch) {
      outcomes.set(one, replayBatch(one.shard, batch));
    },
    finish(one) {
      const outcome = outcomes.get(one);
      outcomes.delete(one);
      return outcome;
    },
  };
}

/** Replays what lies in the ring, through any thread's handle on the shard. */
export function replayBatch(shard: Shard, batch: Batch): Outcome {
  const { bytes, salt, shards, now, isPart, again, places } = batch;
  const isAgain = again === undefined ? 0 : 1;
  const leaves = batch.leavesBodies ? 1 : 0;
  const isYoung = batch.isYoung ? 1 : 0;
  let damaged = 0;
  let lastId = 0;
  let at = 0;
  let answer = C.DONE;
  while (at < bytes) {
    answer = shard.replay(
      at,
      bytes - at,
      salt,
      shards,
      now,
      isYoung,
      isAgain,
      again ?? 0,
      places,
      leaves,
    );
    const done = shard.field(C.RESULT_COUNT);
    lastId = Math.max(lastId, shard.field(C.RESULT_ID));
    at += done;
    if (answer !== C.DAMAGED) break;
    // Either the batch ends within a record, or there is none here: look 8 bytes further on.
    if (done > 0 && isPart) break;
    damaged += 8;
    at += 8;
    if (at > bytes / 2 && isPart) break;
  }
  const isTooMuch = answer === C.OUT_OF_MEMORY;
  return { done: Math.min(at, bytes), damaged: Math.min(damaged, bytes), lastId, isTooMuch };
}

/**
 * So much is handed to the workforce as soon as it is free: until the ring is full it would have
 * nothing to do.
 */
const ENOUGH_BYTES = 262_144;
/** Regions of which one batch can say where they lie. */
const PLACES_MAX = L.PLACES_BYTES / L.PLACES_ENTRY_BYTES;

/** What is the same for all segments. */
export interface ReplayParts {
  readonly shards: readonly JournalShard[];
  readonly workforce: Workforce;
  /** The engine's clock, in microseconds. */
  readonly now: number;
  /** The first frame that the hints do not know; 0 without hints. */
  readonly youngFrom: number;
  /** The number of the segment, if only failures are wanted of it; see Batch. */
  readonly again?: number;
  /** Bytes of bodies in all shards above which those that follow stay in the journal. */
  readonly bodyBytes: number;
}

/** What became of a segment. */
export interface Laid {
  /** Bytes of frames in which there was no sound record. */
  readonly damaged: number;
  /** Highest id that was seen. */
  readonly lastId: number;
  /** The jobs do not fit into memory. */
  readonly isTooMuch: boolean;
}

/** One segment on its way into the shards. */
export class Replay {
  readonly #lanes: readonly Lane[];
  readonly #isForAll: boolean;

  /** Begins a segment, which the shards' tables of segments have last. */
  constructor(parts: ReplayParts, header: SegmentHeader) {
    this.#lanes = parts.shards.map((one) => new Lane(parts, one, header.salt));
    this.#isForAll = parts.again !== undefined || header.shards !== parts.shards.length;
  }

  /**
   * Takes a region of the segment's `bytes`, which may hold something else afterwards. With another
   * number of shards, all look through all of it; and for failures alone they always do: the job
   * may have moved while the number was another one.
   */
  take(region: Region, bytes: Uint8Array): void {
    const own = this.#isForAll ? undefined : this.#lanes[region.shard ?? -1];
    for (const lane of own === undefined ? this.#lanes : [own]) lane.take(region, bytes);
  }

  /** Waits until all is done. */
  finish(): Laid {
    for (const lane of this.#lanes) lane.start();
    for (const lane of this.#lanes) lane.finish();
    const damaged = this.#lanes.map((lane) => lane.damaged);
    return {
      damaged: this.#isForAll
        ? Math.max(0, ...damaged)
        : damaged.reduce((sum, bytes) => sum + bytes, 0),
      lastId: Math.max(0, ...this.#lanes.map(({ lastId }) => lastId)),
      isTooMuch: this.#lanes.some(({ isTooMuch }) => isTooMuch),
    };
  }
}

/** One shard's part of a segment. */
class Lane {
  damaged = 0;
  lastId = 0;
  isTooMuch = false;
  readonly #parts: ReplayParts;
  readonly #one: JournalShard;
  readonly #salt: number;
  /** What has been gathered in the ring and not been started. */
  #gathered = 0;
  /** Entries at the end of the ring: where what was gathered lies in the segment. */
  #places = 0;
  readonly #table: Float64Array;
  /** Bytes of the ring before them. */
  readonly #roomBytes: number;
  #isYoung = false;
  /** What is in no frame has been counted as damage already. */
  #isInFrame = false;
  #isStarted = false;

  constructor(parts: ReplayParts, one: JournalShard, salt: number) {
    this.#parts = parts;
    this.#one = one;
    this.#salt = salt;
    const { ring, ringBytes } = one;
    this.#roomBytes = ringBytes - L.PLACES_BYTES;
    const numbers = L.PLACES_BYTES / 8;
    this.#table = new Float64Array(ring.buffer, ring.byteOffset + this.#roomBytes, numbers);
  }

  take({ frame, from, to }: Region, bytes: Uint8Array): void {
    const { ring } = this.#one;
    const roomBytes = this.#roomBytes;
    const isYoung = (frame?.number ?? Infinity) >= this.#parts.youngFrom;
    const isInFrame = frame !== undefined;
    const isOther = isYoung !== this.#isYoung || isInFrame !== this.#isInFrame;
    const isFull = this.#gathered + to - from > roomBytes || this.#places === PLACES_MAX;
    if (isOther || isFull) this.start();
    if (this.#isStarted) this.finish();
    this.#isYoung = isYoung;
    this.#isInFrame = isInFrame;
    if (to - from > roomBytes) {
      this.#takeLong(bytes.subarray(from, to), from);
      return;
    }
    if (to === from) return;
    this.#note(from);
    ring.set(bytes.subarray(from, to), this.#gathered);
    this.#gathered += to - from;
    if (this.#gathered >= ENOUGH_BYTES) this.start();
  }

  /** What is gathered next lies at that place of the segment. */
  #note(place: number): void {
    this.#table[2 * this.#places] = this.#gathered;
    this.#table[2 * this.#places + 1] = place;
    this.#places++;
  }

  /** More than the ring holds: where a piece ends within a record, the next one begins with it. */
  #takeLong(bytes: Uint8Array, place: number): void {
    const { ring } = this.#one;
    let at = 0;
    while (at < bytes.length && !this.isTooMuch) {
      this.#note(place + at);
      this.#gathered = Math.min(bytes.length - at, this.#roomBytes);
      ring.set(bytes.subarray(at, at + this.#gathered));
      this.start(at + this.#gathered < bytes.length);
      at += this.finish();
    }
  }

  /** Has what was gathered replayed. */
  start(isPart = false): void {
    if (this.#gathered === 0) return;
    const { shards, now, workforce, again, bodyBytes } = this.#parts;
    const bytes = this.#gathered;
    const places = this.#places;
    const leavesBodies = residentBytesOf(shards) > bodyBytes;
    const batch = { bytes, salt: this.#salt, shards: shards.length, now, isPart, again };
    workforce.start(this.#one, { ...batch, isYoung: this.#isYoung, places, leavesBodies });
    this.#gathered = 0;
    this.#places = 0;
    this.#isStarted = true;
  }

  /** Waits for it; returns how far it came. */
  finish(): number {
    this.#isStarted = false;
    const outcome = this.#parts.workforce.finish(this.#one);
    if (outcome === undefined) return 0;
    if (this.#isInFrame) this.damaged += outcome.damaged;
    this.lastId = Math.max(this.lastId, outcome.lastId);
    this.isTooMuch ||= outcome.isTooMuch;
    return outcome.done;
  }
}
