/* Recovery: from the files of a journal back to the jobs.
 *
 * Segments are replayed in the order in which they were begun. Three things can be found behind what is sound, and they are told apart by
 * what the journal itself says was safe: every frame carries the highest frame that was known to be safe when it was written.
 *
 *   - the torn end of what was being written when the power went: from the first frame on that is damaged or missing and was never known
 *     to be safe, everything is cut off, so that what survives is a prefix of what happened;
 *   - damage to what was safe: it is reported, confined to the records that it hits (each has its own CRC), the segment is kept aside as
 *     quarantine.N; with `strict` the server does not start;
 *   - a file that was about to become a segment: it goes.
 *
 * Runs before any other thread touches the shards; the rings serve as staging areas.
 */

import * as C from "../../assembly/constants.ts";
import { readSegmentHeader, SEGMENT_HEADER_BYTES, segmentName, segmentNumber } from "./format.ts";
import type { Checksum, FrameHeader, SegmentHeader } from "./format.ts";
import type { ExistingSegment } from "./journal.ts";
import type { JournalShard } from "./journal-shard.ts";
import { readWhole } from "./reclaim.ts";
import { scanSegment } from "./scan.ts";
import type { Region } from "./scan.ts";
import type { Storage } from "../storage.ts";

/** What recovery is to do and to tell. */
export interface RecoveryParts {
  readonly storage: Storage;
  readonly shards: readonly JournalShard[];
  readonly checksum: Checksum;
  /** The engine's clock, in microseconds. */
  readonly now: number;
  /** Refuse to start when what was safe is damaged. */
  readonly strict: boolean;
  /** Hears how far it is: bytes replayed, of how many. */
  readonly progress: (done: number, all: number) => void;
}

/** What was found. */
export interface RecoveryReport {
  readonly segments: number;
  readonly frames: number;
  readonly bytes: number;
  readonly jobs: number;
  /** Bytes of frames at the end that had never been known to be safe, and were not whole. */
  readonly tornBytes: number;
  /** Bytes of what had been safe and could not be read, and the segments in which they are. */
  readonly damagedBytes: number;
  readonly damagedSegments: readonly number[];
}

/** What a journal goes on with. */
export interface Recovered {
  readonly segments: readonly ExistingSegment[];
  readonly nextSegment: number;
  readonly nextFrame: number;
  readonly report: RecoveryReport;
}

/** What was safe is damaged, and `strict` was asked for; or a memory too small for the jobs. */
export class RecoveryError extends Error {
  override readonly name = "RecoveryError";
  readonly code = "HM_RECOVERY";
}

interface Found {
  readonly number: number;
  readonly header: SegmentHeader;
}

/** Replays the journal in `storage` into empty shards. Throws a StorageError, a FormatError or a RecoveryError. */
export function recover(parts: RecoveryParts): Recovered {
  return new Recovery(parts).run();
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #segments: ExistingSegment[] = [];
  #durable = 0;
  #lastFrame = 0;
  #lastId = 0;
  #frames = 0;
  #bytes = 0;
  #tornBytes = 0;
  #damagedBytes = 0;
  readonly #damagedSegments: number[] = [];
  #isCut = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  run(): Recovered {
    const found = this.#find();
    this.#durable = this.#highestDurable(found);
    for (const [index, segment] of found.entries()) {
      this.#replaySegment(segment, index, found.length);
    }
    this.#start(found.length);
    const jobs = this.#parts.shards.reduce((sum, shard) => sum + jobCount(shard), 0);
    return {
      segments: this.#segments.map((segment) => this.#withUrgency(segment)),
      nextSegment: Math.max(0, ...found.map(({ number }) => number)) + 1,
      nextFrame: this.#lastFrame + 1,
      report: {
        segments: found.length,
        frames: this.#frames,
        bytes: this.#bytes,
        jobs,
        tornBytes: this.#tornBytes,
        damagedBytes: this.#damagedBytes,
        damagedSegments: this.#damagedSegments,
      },
    };
  }

  /** The segments, oldest first. A newest file without a sound header was about to become one. */
  #find(): readonly Found[] {
    const { storage } = this.#parts;
    const numbers = storage
      .list()
      .map(segmentNumber)
      .filter((number) => number !== undefined)
      .toSorted((a, b) => a - b);
    const found: Found[] = [];
    for (const number of numbers) {
      const header = this.#header(number);
      if (header !== undefined) found.push({ number, header });
      else if (number === numbers.at(-1)) storage.remove(segmentName(number));
      else this.#damage(number, 0, "its header is damaged");
    }
    return found;
  }

  /** The header of a segment; it stands there twice. */
  #header(number: number): SegmentHeader | undefined {
    const { storage, checksum } = this.#parts;
    const file = storage.open(segmentName(number), false);
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    file.read(0, bytes);
    file.close();
    const header =
      readSegmentHeader(bytes, checksum) ??
      readSegmentHeader(bytes.subarray(SEGMENT_HEADER_BYTES / 2), checksum);
    return header?.number === number ? header : undefined;
  }

  /** The highest frame that any frame says was safe; the newest segments know it. */
  #highestDurable(found: readonly Found[]): number {
    for (const { number, header } of found.toReversed()) {
      const bytes = readWhole(this.#parts.storage, segmentName(number));
      const regions = scanSegment(bytes, header.salt, this.#parts.checksum);
      const known = regions.map(({ frame }) => frame?.durable ?? 0);
      // Its file was only begun when all frames before it were safe.
      const before = header.firstFrame - 1;
      if (known.length > 0) return known.reduce((most, one) => Math.max(most, one), before);
    }
    return 0;
  }

  #replaySegment({ number, header }: Found, index: number, count: number): void {
    const { storage, shards, checksum, progress } = this.#parts;
    for (const { shard } of shards) shard.engine.addSegment(number, index);
    this.#segments.push({ number, salt: header.salt });
    this.#lastId = Math.max(this.#lastId, header.lastId);
    if (this.#lastFrame < header.firstFrame - 1 && index > 0) {
      this.#missing(number, this.#lastFrame + 1, 0);
    }
    this.#lastFrame = Math.max(this.#lastFrame, header.firstFrame - 1);
    const bytes = readWhole(storage, segmentName(number));
    const regions = scanSegment(bytes, header.salt, checksum);
    for (const region of regions) {
      if (this.#isCut) {
        this.#tornBytes += region.to - region.from;
        continue;
      }
      this.#replayRegion(region, bytes, { number, header });
      progress(index * bytes.length + region.to, count * bytes.length);
    }
    this.#bytes += regions.at(-1)?.to ?? SEGMENT_HEADER_BYTES;
  }

  #replayRegion(region: Region, bytes: Uint8Array, { number, header }: Found): void {
    const { frame } = region;
    if (frame === undefined) {
      this.#missing(number, this.#lastFrame + 1, region.to - region.from);
      if (!this.#isCut) this.#apply(region, bytes, header);
      return;
    }
    if (frame.number > this.#lastFrame + 1) this.#missing(number, this.#lastFrame + 1, 0);
    if (
      !this.#isCut &&
      frame.number > this.#durable &&
      !this.#isWhole(region, bytes, header.salt)
    ) {
      this.#isCut = true;
    }
    if (this.#isCut) {
      this.#tornBytes += region.to - region.from;
      return;
    }
    this.#countFrame(frame);
    const damaged = this.#apply(region, bytes, header);
    if (damaged > 0) this.#damage(number, damaged, "records are damaged");
  }

  #countFrame(frame: FrameHeader): void {
    if (frame.number > this.#lastFrame) this.#frames++;
    this.#lastFrame = Math.max(this.#lastFrame, frame.number);
    this.#lastId = Math.max(this.#lastId, frame.lastId);
  }

  /** Frames from `first` on are not there: torn off if nobody ever knew them to be safe, damage otherwise. */
  #missing(number: number, first: number, bytes: number): void {
    if (first > this.#durable) this.#isCut = true;
    else this.#damage(number, bytes, `frame ${first} is damaged`);
  }

  #damage(number: number, bytes: number, what: string): void {
    if (this.#parts.strict) throw new RecoveryError(`${segmentName(number)}: ${what}`);
    this.#damagedBytes += bytes;
    if (!this.#damagedSegments.includes(number)) this.#damagedSegments.push(number);
  }

  /** Whether every record of a region is sound. */
  #isWhole(region: Region, bytes: Uint8Array, salt: number): boolean {
    const [first] = this.#parts.shards;
    if (first === undefined) return true;
    let at = region.from;
    while (at < region.to) {
      const staged = Math.min(region.to - at, first.ringBytes);
      first.ring.set(bytes.subarray(at, at + staged));
      first.shard.answer(first.shard.engine.check(first.shard.thread, staged, salt));
      const done = first.shard.field(C.RESULT_COUNT);
      if (done === 0) return false;
      at += done;
    }
    return true;
  }

  /** Replays a region into the shards that its records may be for; answers how many bytes no shard could read. */
  #apply(region: Region, bytes: Uint8Array, header: SegmentHeader): number {
    const { shards } = this.#parts;
    const own = header.shards === shards.length ? shards[region.shard ?? -1] : undefined;
    const concerned = own === undefined ? shards : [own];
    return concerned.reduce(
      (most, shard) => Math.max(most, this.#replay(shard, region, bytes, header.salt)),
      0,
    );
  }

  #replay(one: JournalShard, region: Region, bytes: Uint8Array, salt: number): number {
    const { shard, ring, ringBytes } = one;
    const { now, shards } = this.#parts;
    let damaged = 0;
    let at = region.from;
    while (at < region.to) {
      const staged = Math.min(region.to - at, ringBytes);
      ring.set(bytes.subarray(at, at + staged));
      let offset = 0;
      let answer = C.DONE;
      while (offset < staged) {
        const code = shard.engine.replay(
          shard.thread,
          offset,
          staged - offset,
          salt,
          shards.length,
          now,
        );
        answer = shard.answer(code);
        const done = shard.field(C.RESULT_COUNT);
        this.#lastId = Math.max(this.#lastId, shard.field(C.RESULT_ID));
        offset += done;
        if (answer !== C.DAMAGED) break;
        // Either the staged bytes end within a record, or there is none here: look 8 bytes further on.
        if (done > 0 && at + staged < region.to) break;
        damaged += 8;
        offset += 8;
      }
      if (answer === C.OUT_OF_MEMORY) {
        throw new RecoveryError(
          "the jobs in the journal do not fit into 4 GiB a shard: use more shards",
        );
      }
      at += offset;
    }
    return Math.min(damaged, region.to - region.from);
  }

  /** The streams begin behind the positions that stand for the segments, at the beginning of the rings. */
  #start(segments: number): void {
    for (const one of this.#parts.shards) {
      const position = Math.ceil((segments + 1) / one.ringBytes) * one.ringBytes;
      one.shard.engine.startStream(position);
      one.written = position;
    }
    this.#parts.shards[0]?.shard.engine.skipIds(this.#lastId);
  }

  /** Segments in which something is wrong are the first to be reclaimed. */
  #withUrgency(segment: ExistingSegment): ExistingSegment {
    const { number } = segment;
    const isDamaged = this.#damagedSegments.includes(number);
    const isTorn = this.#isCut && segment === this.#segments.at(-1);
    const isSuperseded = this.#parts.shards.some((shard) => shard.superseded(number) > 0);
    if (!isDamaged && !isTorn && !isSuperseded) return segment;
    return { ...segment, first: true, quarantine: isDamaged };
  }
}

function jobCount({ shard }: JournalShard): number {
  shard.answer(shard.engine.statsShard(shard.thread, 0));
  const at = C.RESULT_STATS;
  return (
    shard.field(at + C.SHARD_READY) +
    shard.field(at + C.SHARD_DELAYED) +
    shard.field(at + C.SHARD_BURIED) +
    shard.field(at + C.SHARD_RESERVED)
  );
}
