/* Recovery: from the files of a journal back to the jobs.
 *
 * Segments are replayed in the order in which they were begun. Three things can be found behind
 * what is sound, and they are told apart by what the journal itself says was safe:
 *
 *   - the torn end of what was being written when the power went, in the newest segment only: from
 *     the first frame on that is damaged or missing and was never known to be safe (every frame
 *     carries the highest one that was when it was written), everything is cut off, so that what
 *     survives is a prefix of what happened. It stays cut off: the next segment's first frame takes
 *     its number;
 *   - damage to what was safe: it is reported, confined to the records that it hits (each has its
 *     own CRC), the segment is kept aside as quarantine.N; with `strict` the server does not start;
 *   - a file that was about to become a segment: the next one is begun in it.
 *
 * What the frames say about segments tells which are missing (membership.ts), and which are
 * strangers: files of that name that the newest segment does not know. These are not replayed, and
 * are kept aside.
 *
 * Hints may know of a newer segment, or of a higher frame that was safe, than there is: then the
 * newest files are missing, or the end of the newest one is damaged. The server goes on behind what
 * the hints know, so that missing files are told once; a damaged end is told until its segment,
 * which goes first, is kept aside.
 *
 * A job's PUT record may have been written again behind those of its failures, when a segment was
 * reclaimed; failures that were met before their job get a second chance at the end.
 *
 * What the device cannot read counts as damage to what was safe, wherever it lies. What was not
 * known to be safe and is whole is written once more and synced (`#settle`): it may have been read
 * from memory of the operating system that never reached the disk. These are the only writes of a
 * recovery; on a file system that cannot take them everything else is done, and they are left to
 * the caller. Runs before any thread serves the shards; I/O threads may replay some meanwhile. The
 * rings serve as staging areas.
 */

import * as C from "../../assembly/constants.ts";
import {
  FRAME_BYTES,
  idsAhead,
  SEGMENT_HEADER_BYTES,
  segmentName,
  writeFrameHeader,
} from "./format.ts";
import type { FrameHeader, SegmentHeader } from "./format.ts";
import type { ExistingSegment } from "./journal-parts.ts";
import type { JournalShard } from "./journal-shard.ts";
import { recallGroups } from "./groups.ts";
import { applyHints, readHints } from "./hints.ts";
import type { FoundHints, JournalMark } from "./hints.ts";
import { readAround } from "./holes.ts";
import type { Hole, Salvaged } from "./holes.ts";
import { Membership } from "./membership.ts";
import type { Recovered, RecoveryParts } from "./recovery-parts.ts";
import { isDamaged } from "./recovery-report.ts";
import type { Harm } from "./recovery-report.ts";
import { alone, Replay } from "./replay.ts";
import type { ReplayParts } from "./replay.ts";
import { durableOf, piecesOf, safeBefore } from "./pieces.ts";
import type { Found, Piece } from "./pieces.ts";
import { renamedIn, rosterOf } from "./roster.ts";
import type { Roster } from "./roster.ts";
import { scanSegment } from "./scan.ts";
import type { Region } from "./scan.ts";
import { Settlement } from "./settlement.ts";

/** The journal cannot be recovered, because it is damaged or the memory too small for the jobs. */
export class RecoveryError extends Error {
  override readonly name: string = "RecoveryError";
  readonly code = "HM_RECOVERY";
}

/** What was safe is damaged, and `strict` was asked for. Its message begins with the file. */
export class DamageError extends RecoveryError {
  override readonly name = "DamageError";
}

/**
 * Replays the journal in `storage` into empty shards. Throws a StorageError, a FormatError or a
 * RecoveryError.
 */
export function recover(parts: RecoveryParts): Recovered {
  return new Recovery(parts).run();
}

/** A segment that is being replayed. */
interface Replayed {
  readonly found: Found;
  readonly bytes: Uint8Array;
  readonly holes: readonly Hole[];
  readonly replay: Replay;
  /** What was given to it. */
  readonly regions: Region[];
  /** Highest frame of it that is known to have been safe. */
  readonly durable: number;
  readonly isNewest: boolean;
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #segments: ExistingSegment[] = [];
  #lastFrame = 0;
  #lastId = 0;
  /** Where the newest segment goes on. */
  #newestEnd: number | undefined;
  /** How many more ids may have been told by what did not come through. */
  #idsAhead = 0;
  #frames = 0;
  #bytes = 0;
  /** Length of the longest segment. */
  #longestBytes = 0;
  #tornBytes = 0;
  #damagedBytes = 0;
  #unreadableBytes = 0;
  readonly #damagedSegments: number[] = [];
  readonly #roster: Roster;
  readonly #membership = new Membership();
  #missingSegments: readonly number[] = [];
  readonly #strangeSegments: number[] = [];
  #incompleteJobs = 0;
  /** Segments in which jobs stand whose bodies are not whole. */
  readonly #incompleteSegments = new Set<number>();
  /** Segments of whose frames the last ones do not count. */
  readonly #cutSegments: number[] = [];
  /** Segments in which failures were met whose jobs were not there. */
  readonly #strays: Pick<Replayed, "found" | "regions">[] = [];
  /** All segments, and where what counts of them ends. */
  readonly #ends: { readonly found: Found; readonly end: number }[] = [];
  #strayCount = 0;
  readonly #settlement: Settlement;
  readonly #hints: FoundHints | undefined;
  readonly #replayParts: ReplayParts;
  /** What the segment before is still on its way to do. */
  #finishLast: () => void = () => undefined;
  /**
   * Segments are read into it, one after the other: fresh memory for each would take as long as
   * reading.
   */
  #buffer = new Uint8Array(0);

  constructor(parts: RecoveryParts) {
    const { shards, now, workforce = alone(), bodyBytes = Infinity } = parts;
    this.#parts = parts;
    this.#settlement = new Settlement(parts.storage);
    this.#hints = readHints(parts.storage, parts.checksum);
    const read = (number: number, most: number): Salvaged => this.#read(number, most);
    this.#roster = rosterOf(parts.storage.list(), read, parts.checksum);
    const youngFrom = this.#hints?.mark.frame ?? 0;
    this.#replayParts = { shards, now, workforce, youngFrom, bodyBytes };
  }

  run(): Recovered {
    const { found, unreadable, strange, highest } = this.#roster;
    for (const { number, why, mayHeal } of unreadable) {
      this.#damage(number, 0, why);
      if (!mayHeal) this.#settlement.quarantine(number);
    }
    for (const number of strange) this.#quarantine(number);
    for (const index of found.keys()) this.#replaySegment(found, index);
    this.#findMissing();
    this.#replayStrays();
    for (const shard of this.#parts.shards) this.#endReplay(shard);
    if (isDamaged(this.#harm)) {
      this.#lastId = Math.max(this.#lastId, this.#known.lastId) + idsAhead(this.#longestBytes);
    }
    const { missingBytes = 0 } = this.#parts;
    if (missingBytes > 0) this.#lastId += idsAhead(missingBytes + this.#longestBytes);
    this.#start(found.length);
    this.#endDoubles();
    if (this.#hints !== undefined) applyHints(this.#hints, this.#parts.shards, this.#parts.now);
    recallGroups(this.#parts.shards, this.#parts.now);
    for (const { shard } of this.#parts.shards) shard.beginBudget();
    const jobs = this.#parts.shards.reduce((sum, shard) => sum + shard.jobCount, 0);
    const unsettled = this.#settlement.make();
    return {
      segments: this.#segments.map((segment) => this.#withUrgency(segment)),
      unreadableSegments: unreadable.filter(({ mayHeal }) => mayHeal).map(({ number }) => number),
      nextSegment: Math.max(highest, this.#known.segment) + 1,
      nextFrame: Math.max(this.#lastFrame, this.#known.safeFrame) + 1,
      report: {
        segments: found.length,
        frames: this.#frames,
        bytes: this.#bytes,
        jobs,
        tornBytes: this.#tornBytes,
        damagedBytes: this.#damagedBytes,
        unreadableBytes: this.#unreadableBytes,
        ...this.#harm,
      },
      newestEnd: this.#newestEnd,
      ...(unsettled && { unsettled }),
    };
  }

  /** What the hints know to have been safe. */
  get #known(): Omit<JournalMark, "frame"> {
    return this.#hints?.mark ?? { segment: 0, safeFrame: 0, lastId: 0 };
  }

  /** What had been safe and is not as it was; it may have told of ids. */
  get #harm(): Harm<number> {
    return {
      damagedSegments: this.#damagedSegments,
      incompleteJobs: this.#incompleteJobs,
      missingSegments: this.#missingSegments,
      strangeSegments: this.#strangeSegments,
    };
  }

  /** It is none of the journal's. */
  #quarantine(number: number): void {
    if (this.#parts.strict) {
      throw new DamageError(`${segmentName(number)}: it does not belong to the journal`);
    }
    this.#strangeSegments.push(number);
    this.#settlement.quarantine(number);
  }

  #findMissing(): void {
    const { found, highest, present, leftover } = this.#roster;
    if (highest > (found.at(-1)?.number ?? 0)) this.#membership.doubt();
    const { segment } = this.#known;
    const isThere = leftover !== undefined && leftover.number <= segment;
    if (isThere) {
      this.#damage(leftover.number, 0, "its header is damaged");
      this.#settlement.quarantine(leftover.number);
    }
    const isMissing = segment > highest && leftover?.number !== segment;
    const newest = isMissing ? [segment] : [];
    this.#missingSegments = [...this.#membership.missing(present), ...newest];
    const [first] = this.#missingSegments;
    if (first !== undefined && this.#parts.strict) {
      throw new DamageError(`${segmentName(first)}: it belongs to the journal and is missing`);
    }
    const renamed = renamedIn(this.#roster, this.#missingSegments);
    if (renamed !== undefined) this.#quarantine(renamed);
  }

  /**
   * What can be read of a segment, or of its beginning. Throws a StorageError when it is not all,
   * and `strict` was asked for.
   */
  #read(number: number, most = Infinity): Salvaged {
    const read = readAround(this.#parts.storage, segmentName(number), most, this.#buffer);
    if (read.bytes.length > this.#buffer.length) this.#buffer = read.bytes;
    const [hole] = read.holes;
    if (hole !== undefined && this.#parts.strict) throw hole.error;
    return read;
  }

  #replaySegment(all: readonly Found[], index: number): void {
    const found = all[index];
    if (found === undefined) return;
    const { number, header } = found;
    const { bytes, holes } = this.#read(number); // while the segment before is being replayed
    this.#finishLast();
    for (const { shard } of this.#parts.shards) shard.addSegment(number, index);
    this.#lastId = Math.max(this.#lastId, header.lastId);
    this.#idsAhead = header.idsAhead ?? 0;
    this.#lastFrame = Math.max(this.#lastFrame, header.firstFrame - 1);
    this.#longestBytes = Math.max(this.#longestBytes, bytes.length);
    this.#membership.begin(number);
    for (const { from, to } of holes) this.#lose(number, to - from);
    const pieces = piecesOf(scanSegment(bytes, header.salt, this.#parts.checksum));
    const isNewest = index === all.length - 1;
    // A newer one was only begun when all of this was safe, even if it is unreadable or missing.
    const isLast = isNewest && number >= Math.max(this.#roster.highest, this.#known.segment);
    const known = number >= this.#known.segment ? this.#known.safeFrame : 0;
    const durable = isLast
      ? Math.max(durableOf(header, pieces, holes), known)
      : safeBefore(found, all[index + 1]);
    const replay = new Replay(this.#replayParts, header);
    const replayed = { found, bytes, holes, replay, regions: [], durable, isNewest };
    const { end, isCut } = this.#replayPieces(pieces, replayed, index, all.length);
    if (isCut) this.#cutSegments.push(number);
    this.#ends.push({ found, end });
    this.#checkLength(replayed);
    const isShort = !isCut && (!isNewest || isLast) && !this.#checkEnd(replayed, end);
    this.#finishLast = () => this.#finish(replayed);
    if (isNewest) {
      this.#finishLast();
      this.#settle(replayed, pieces, end, isShort || number < this.#known.segment);
    }
    const { salt, shards: writers } = header;
    const { length } = bytes;
    this.#segments.push({ number, salt, bytes: length, shards: writers, ...(isCut && { end }) });
    this.#bytes += end;
  }

  /**
   * Has what counts replayed, and returns where it ends, and whether something behind it does not
   * count.
   */
  #replayPieces(
    pieces: readonly Piece[],
    replayed: Replayed,
    index: number,
    segments: number,
  ): { readonly end: number; readonly isCut: boolean } {
    const { bytes, replay, isNewest } = replayed;
    const counting = pieces.findIndex((piece) => !this.#counts(piece, replayed));
    const kept = counting < 0 ? pieces : pieces.slice(0, counting);
    for (const { regions, to } of kept) {
      for (const region of regions) replay.take(region, bytes);
      replayed.regions.push(...regions);
      this.#parts.progress(index * bytes.length + to, segments * bytes.length);
    }
    for (const { from, to } of counting < 0 || !isNewest ? [] : pieces.slice(counting)) {
      this.#tornBytes += to - from;
    }
    return { end: kept.at(-1)?.to ?? SEGMENT_HEADER_BYTES, isCut: counting >= 0 };
  }

  /**
   * Whether a frame or a gap counts; if not, neither does what follows. To be asked for each in
   * turn, before any of them is replayed.
   */
  #counts({ frame, regions, from, to }: Piece, replayed: Replayed): boolean {
    const { found, bytes, durable, isNewest } = replayed;
    const { number, header } = found;
    if (this.#lastFrame >= durable) {
      // What follows was never known to be safe: whole, one behind the other, or not at all.
      if (!isNewest || frame?.number !== this.#lastFrame + 1) return false;
      const [shard] = this.#parts.shards;
      if (!regions.every((one) => shard?.isWhole(one, bytes, header.salt))) return false;
    } else if (frame === undefined || frame.number > this.#lastFrame + 1) {
      this.#damage(number, frame === undefined ? to - from : 0, "frames are damaged");
      this.#membership.doubt();
    }
    if (frame !== undefined) this.#countFrame(frame);
    return true;
  }

  /** Waits for a segment's records, and says what was wrong with them. */
  #finish({ found, replay, regions }: Replayed): void {
    const { damaged, lastId, isTooMuch } = replay.finish();
    if (isTooMuch) {
      throw new RecoveryError(
        "the jobs in the journal do not fit into 4 GiB a shard: use more shards",
      );
    }
    this.#lastId = Math.max(this.#lastId, lastId);
    if (damaged > 0) this.#damage(found.number, damaged, "records are damaged");
    const strays = this.#parts.shards.reduce((sum, { shard }) => sum + shard.strays(), 0);
    if (strays > this.#strayCount) this.#strays.push({ found, regions });
    this.#strayCount = strays;
  }

  /**
   * Frames that must be there and were not found at a segment's end: their headers are damaged,
   * their records may be sound. Returns whether there are none.
   */
  #checkEnd({ found, bytes, replay, regions, durable }: Replayed, end: number): boolean {
    if (durable === Infinity || this.#lastFrame >= durable) return true;
    this.#damage(found.number, 0, "the last frames are damaged");
    this.#membership.doubt();
    const rest = { frame: undefined, shard: undefined, from: end, to: bytes.length };
    replay.take(rest, bytes);
    regions.push(rest);
    this.#lastFrame = durable;
    return false;
  }

  /** A file keeps its length from before it becomes a segment. */
  #checkLength({ found: { number, header }, bytes }: Replayed): void {
    if (bytes.length >= header.fileBytes) return;
    this.#damage(number, header.fileBytes - bytes.length, "its file has been cut short");
    this.#membership.doubt();
  }

  /**
   * Makes what the newest segment holds safe: writes again what was not known to be, since a sync
   * that failed may have left it in memory only, and an empty frame that ends it if there is none.
   * A segment of which something cannot be read is left as it is, and so is one whose end is
   * damaged or behind which another one was begun (`isKept`): somebody may yet read it.
   */
  #settle(
    { found, bytes, holes, durable }: Replayed,
    pieces: readonly Piece[],
    end: number,
    isKept: boolean,
  ): void {
    const kept = pieces.filter(({ to }) => to <= end);
    const newest = kept.at(-1)?.frame;
    const isMark = newest?.sections.length === 0 && newest.statement === undefined;
    const isClean = isMark && newest.durable === newest.number - 1;
    const isEnded = isClean && kept.length === pieces.length;
    this.#skipUntold(found.header, pieces.slice(kept.length), isEnded);
    if (holes.length > 0 || isKept) return;
    const mark = isEnded ? new Uint8Array(0) : this.#endMark(found, bytes, end);
    this.#newestEnd = end + mark.length / 2;
    const unsafe = kept.find(({ frame }) => (frame?.number ?? 0) > durable)?.from ?? end;
    this.#settlement.rewrite({ name: segmentName(found.number), bytes, unsafe, end, mark });
  }

  /**
   * Passes over ids that may have been told to somebody and are in nothing that came through.
   * `cut`: what stands in the newest segment and does not count; if a bit flipped there in what was
   * safe, its frames know of the ids all the same.
   */
  #skipUntold(
    { idsAhead: ahead, bootId }: SegmentHeader,
    cut: readonly Piece[],
    isEnded: boolean,
  ): void {
    const all = idsAhead(this.#longestBytes);
    if (ahead === undefined) {
      if (!isEnded) this.#lastId += all; // an older version wrote it
    } else {
      const hasAll = bootId !== "" && bootId === this.#parts.bootId; // only the process ended
      if (!hasAll) this.#lastId += this.#idsAhead;
      for (const { frame } of cut) {
        if (frame !== undefined) this.#lastId = Math.max(this.#lastId, frame.lastId);
      }
    }
  }

  /** An empty frame and a stretch of zeros, as much of them as there is room for. */
  #endMark({ header }: Found, bytes: Uint8Array, end: number): Uint8Array {
    const mark = new Uint8Array(2 * FRAME_BYTES);
    if (end + mark.length > bytes.length) return mark.subarray(0, 0);
    const frame = {
      number: this.#lastFrame + 1,
      durable: this.#lastFrame,
      lastId: this.#lastId,
      idsAhead: 0,
      wallMicros: header.wallMicros,
      sections: [],
    };
    writeFrameHeader(frame, header.salt, mark, this.#parts.checksum);
    this.#lastFrame++;
    return mark;
  }

  #countFrame(frame: FrameHeader): void {
    this.#membership.hear(frame);
    if (frame.number > this.#lastFrame) this.#frames++;
    this.#lastFrame = Math.max(this.#lastFrame, frame.number);
    // Not the highest: before version 3 an empty frame's ran ahead, in case it was the last.
    this.#lastId = frame.lastId;
    this.#idsAhead = frame.idsAhead;
  }

  #lose(number: number, bytes: number): void {
    this.#unreadableBytes += bytes;
    this.#membership.doubt();
    this.#damage(number, bytes, "it cannot be read");
  }

  #damage(number: number, bytes: number, what: string): void {
    if (this.#parts.strict) throw new DamageError(`${segmentName(number)}: ${what}`);
    this.#damagedBytes += bytes;
    if (!this.#damagedSegments.includes(number)) this.#damagedSegments.push(number);
  }

  /**
   * The failures in these segments, and nothing else of them, once more: now all jobs are there.
   * Where jobs have moved, a failure may have been met with a job that went and came again.
   */
  #replayStrays(): void {
    const parts = { ...this.#replayParts, workforce: alone() };
    if (this.#parts.shards.some(({ shard }) => shard.hasMetMoved() !== 0)) {
      for (const { found, end } of this.#ends) this.#replayFailures(found, end);
      return;
    }
    for (const { found, regions } of this.#strays) {
      // Not into the buffer: what it holds of the newest segment may have to be written.
      const { bytes } = readAround(this.#parts.storage, segmentName(found.number));
      const replay = new Replay({ ...parts, again: found.number }, found.header);
      for (const region of regions) replay.take(region, bytes);
      replay.finish();
    }
  }

  #replayFailures(found: Found, end: number): void {
    const parts = { ...this.#replayParts, workforce: alone(), again: found.number };
    const { bytes } = readAround(this.#parts.storage, segmentName(found.number));
    const pieces = piecesOf(scanSegment(bytes, found.header.salt, this.#parts.checksum));
    const replay = new Replay(parts, found.header);
    for (const { regions } of pieces.filter(({ to }) => to <= end))
      for (const region of regions) replay.take(region, bytes);
    replay.finish();
  }

  /**
   * Long bodies of which parts are missing are damage, not of the segments that say that the jobs
   * exist: these are sound. The jobs go, and so that they stay away these segments are reclaimed.
   */
  #endReplay({ shard }: JournalShard): void {
    while (shard.endReplay() === C.MORE) {
      const id = shard.field(C.RESULT_ID);
      const number = shard.field(C.RESULT_COUNT);
      if (this.#parts.strict) {
        throw new DamageError(`${segmentName(number)}: parts of the body of job ${id} are missing`);
      }
      this.#incompleteSegments.add(number);
      this.#incompleteJobs++;
    }
  }

  /**
   * The streams begin behind the positions that stand for the segments, at the beginning of the
   * rings. What is to be recorded at once: that a result ended whose job is there.
   */
  #start(segments: number): void {
    for (const one of this.#parts.shards) {
      const position = Math.ceil((segments + 1) / one.ringBytes) * one.ringBytes;
      one.shard.startStream(position);
      one.written = position;
    }
    this.#parts.shards[0]?.shard.skipIds(this.#lastId);
    this.#numberTubes();
    for (const { shard } of this.#parts.shards) while (shard.endUnfinished() === C.DONE);
  }

  /** Tubes that are there because something is set for them, and have no job, stand last. */
  #numberTubes(): void {
    const { shards } = this.#parts;
    let next = shards[0]?.shard.nextNumber() ?? 1;
    for (const { shard } of shards) {
      shard.numberTubes(next);
      for (let left = shard.field(C.RESULT_COUNT); left > 0; left--) {
        next = shards[0]?.shard.nextNumber() ?? next;
      }
    }
  }

  /**
   * A crash came between the record of a job that had moved and the tombstone of what it was, in
   * the same shard or in another one, which then has the job too: it is recorded now.
   */
  #endDoubles(): void {
    const { shards } = this.#parts;
    for (const { shard } of shards) {
      for (let bucket = 0; shard.movedJobs(bucket) === C.MORE; bucket = shard.address()) {
        const count = shard.field(C.RESULT_COUNT);
        const { buffer, byteOffset } = shard.output;
        const moved = Array.from(new Float64Array(buffer, byteOffset, 2 * count));
        for (let at = 0; at < count; at++) {
          const [id = 0, moves = 0] = moved.slice(2 * at, 2 * at + 2);
          for (const other of shards) if (other.shard !== shard) other.shard.endOlder(id, moves);
        }
      }
    }
  }

  /** Segments in which something is wrong are the first to be reclaimed. */
  #withUrgency(segment: ExistingSegment): ExistingSegment {
    const { number } = segment;
    const isHit = this.#damagedSegments.includes(number);
    const isTorn = this.#cutSegments.includes(number);
    const isIncomplete = this.#incompleteSegments.has(number);
    const isSuperseded = this.#parts.shards.some((shard) => shard.superseded(number) > 0);
    if (!isHit && !isTorn && !isIncomplete && !isSuperseded) return segment;
    return { ...segment, first: true, quarantine: isHit };
  }
}
