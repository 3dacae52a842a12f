/* BulkLoad: a new journal made of jobs that were not put through a server.
 *
 * Every job becomes one PUT record, and PART records in front of it if its body is long; frames and
 * segments are as a server with one shard would have written them. The files have names that nobody
 * minds until all of them are safe; only then do they become segments, the first one last. Needs no
 * engine and holds one frame in memory. Used by `homemaker import`.
 */

import {
  PART_BODY_BYTES,
  RECORD_PART,
  RECORD_PUT,
  TUBE_NAME_MAX,
} from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { tubeHash } from "../engine/shards.ts";
import {
  frameHeaderBytes,
  headerBytesOf,
  SEGMENT_HEADER_BYTES,
  segmentName,
  writeFrameHeader,
  writeSegmentHeader,
} from "./format.ts";
import type { Checksum } from "./format.ts";
import { writeFully } from "./segment-file.ts";
import { membersStatement } from "./statement.ts";
import type { Storage, StorageFile } from "../storage.ts";

/** A job as it is to stand in the journal. */
export interface LoadedJob {
  readonly id: number;
  /** Name of its tube, 1 to 200 bytes. */
  readonly tube: Uint8Array;
  /** Without a line end. */
  readonly body: Uint8Array;
  /** STATE_READY, STATE_DELAYED or STATE_BURIED. */
  readonly state: number;
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  /** Microseconds since 1970. */
  readonly createdMicros: number;
  /** End of its delay, in microseconds since 1970; counts while it is delayed. */
  readonly dueMicros: number;
}

/** What a bulk load is made of. */
export interface BulkLoadParts {
  /** An empty storage. */
  readonly storage: Storage;
  readonly checksum: Checksum;
  readonly segmentBytes: number;
  /** Highest job id given out so far: ids go on behind it. */
  readonly lastId: number;
  /** Microseconds since 1970. */
  readonly wallMicros: number;
  /** A random number of 32 bits. */
  readonly random: () => number;
}

/** What was written. */
export interface Loaded {
  readonly segments: number;
  readonly jobs: number;
}

const FRAME_BYTES_MAX = 1_048_576;
const ZEROS_BYTES = 1_048_576;

/** Writes jobs into a new journal. */
export class BulkLoad {
  readonly #parts: BulkLoadParts;
  readonly #header = new Uint8Array(frameHeaderBytes(1));
  readonly #frame: Uint8Array;
  #frameBytes = 0;
  /** Position in the shard's stream of records. */
  #position = 0;
  #nextFrame = 1;
  #durableFrame = 0;
  #segment: { readonly file: StorageFile; readonly salt: number; position: number } | undefined;
  #segments = 0;
  #jobs = 0;

  constructor(parts: BulkLoadParts) {
    this.#parts = parts;
    const room = parts.segmentBytes - SEGMENT_HEADER_BYTES - 4 * this.#header.length;
    this.#frame = new Uint8Array(Math.min(FRAME_BYTES_MAX, room - (room % 8)));
  }

  /** Adds a job. Throws a StorageError. */
  add(job: LoadedJob): void {
    const { tube, body } = job;
    const bytes = roundUp8(L.PUT_BYTES + tube.length + body.length);
    const longest = roundUp8(L.PUT_BYTES + TUBE_NAME_MAX + body.length) + L.MOVES_BYTES;
    const isLong = longest > 2 * PART_BODY_BYTES; // as the engine does: it may move anywhere
    if (isLong) this.#addParts(job);
    const putBytes = isLong ? roundUp8(L.PUT_BYTES + tube.length) : bytes;
    writePut(job, isLong, this.#record(job, RECORD_PUT, putBytes));
    this.#jobs++;
  }

  #addParts(job: LoadedJob): void {
    for (let from = 0; from < job.body.length; from += PART_BODY_BYTES) {
      const share = Math.min(PART_BODY_BYTES, job.body.length - from);
      writePart(job, from, share, this.#record(job, RECORD_PART, roundUp8(L.PART_BYTES + share)));
    }
  }

  /** Place for a record in the frame, its header written but for the CRC. */
  #record({ id, body }: LoadedJob, kind: number, bytes: number): DataView {
    if (this.#frameBytes + bytes > this.#frame.length) this.#writeFrame();
    const { buffer, byteOffset } = this.#frame;
    const view = new DataView(buffer, byteOffset + this.#frameBytes, bytes);
    this.#frame.fill(0, this.#frameBytes, this.#frameBytes + bytes);
    this.#frameBytes += bytes;
    view.setUint32(L.RECORD_LENGTH, bytes, true);
    view.setUint8(L.RECORD_KIND, kind);
    view.setUint32(L.RECORD_BODY_BYTES, body.length, true);
    view.setBigUint64(L.RECORD_ID, BigInt(id), true);
    view.setBigUint64(L.RECORD_LSN, BigInt(this.#position + this.#frameBytes), true);
    return view;
  }

  /**
   * Writes what is left, makes all of it safe and gives the files their names. Throws a
   * StorageError.
   */
  finish(): Loaded {
    if (this.#frameBytes > 0) this.#writeFrame();
    this.#segment ??= this.#begin();
    this.#end();
    const { storage } = this.#parts;
    storage.syncDirectory();
    for (let number = this.#segments; number > 0; number--) {
      storage.rename(unfinishedName(number), segmentName(number));
    }
    storage.syncDirectory();
    return { segments: this.#segments, jobs: this.#jobs };
  }

  #writeFrame(): void {
    const { segmentBytes, checksum } = this.#parts;
    const bytes = this.#frameBytes;
    const room = segmentBytes - (this.#segment?.position ?? 0) - 2 * this.#header.length;
    if (this.#segment !== undefined && bytes > room) this.#end();
    this.#segment ??= this.#begin();
    seal(this.#frame.subarray(0, bytes), this.#segment.salt, checksum);
    this.#append([this.#frame.subarray(0, bytes)]);
    this.#position += bytes;
    this.#frameBytes = 0;
  }

  /** Writes a frame of these records, which are one shard's, or none. */
  #append(records: readonly Uint8Array[]): void {
    const { checksum, lastId, wallMicros } = this.#parts;
    const segment = this.#segment ?? this.#begin();
    const header = {
      number: this.#nextFrame++,
      durable: this.#durableFrame,
      lastId,
      idsAhead: 0,
      wallMicros,
      sections: records.map((one) => ({ shard: 0, bytes: one.length, first: this.#position })),
    };
    const bytes = writeFrameHeader(header, segment.salt, this.#header, checksum);
    const pieces = [this.#header.subarray(0, bytes), ...records];
    segment.position += writeFully(segment.file, segment.position, pieces);
  }

  #begin(): { file: StorageFile; salt: number; position: number } {
    const { storage, random, checksum, lastId, wallMicros, segmentBytes } = this.#parts;
    const number = ++this.#segments;
    const file = storage.create(unfinishedName(number));
    const salt = random() >>> 0;
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    const place = { number, salt, firstFrame: this.#nextFrame, fileBytes: segmentBytes };
    writeSegmentHeader(
      { ...place, lastId, idsAhead: 0, bootId: "", wallMicros, shards: 1 },
      header,
      checksum,
    );
    const list = {
      number: this.#nextFrame++,
      durable: this.#durableFrame,
      lastId,
      idsAhead: 0,
      wallMicros,
      sections: [],
      statement: membersStatement(Array.from({ length: number }, (_, at) => at + 1)),
    };
    const frame = new Uint8Array(headerBytesOf(list));
    writeFrameHeader(list, salt, frame, checksum);
    return { file, salt, position: writeFully(file, 0, [header, frame]) };
  }

  /**
   * Ends the segment with an empty frame, which says that all before it is safe, and fills it up to
   * its length.
   */
  #end(): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    segment.file.sync();
    this.#durableFrame = this.#nextFrame - 1;
    this.#append([]);
    const zeros = new Uint8Array(ZEROS_BYTES);
    while (segment.position < this.#parts.segmentBytes) {
      const left = this.#parts.segmentBytes - segment.position;
      segment.position += writeFully(segment.file, segment.position, [zeros.subarray(0, left)]);
    }
    segment.file.sync();
    segment.file.close();
    this.#durableFrame = this.#nextFrame - 1;
    this.#segment = undefined;
  }
}

function unfinishedName(number: number): string {
  return `import.${String(number).padStart(10, "0")}`;
}

function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Writes the PUT record of `job`; a long body stands in PART records. */
function writePut(job: LoadedJob, isLong: boolean, view: DataView): void {
  view.setUint8(L.RECORD_JOB_STATE, job.state);
  view.setUint16(L.RECORD_NAME_BYTES, job.tube.length, true);
  view.setUint32(L.PUT_PRI, job.pri, true);
  view.setUint32(L.PUT_DELAY_SECONDS, job.delaySeconds, true);
  view.setUint32(L.PUT_TTR_SECONDS, job.ttrSeconds, true);
  view.setUint32(L.PUT_PART_BYTES, isLong ? PART_BODY_BYTES : 0, true);
  view.setFloat64(L.PUT_CREATED, job.createdMicros, true);
  view.setFloat64(L.PUT_DUE, job.dueMicros, true);
  copyInto(view, L.PUT_BYTES, job.tube);
  if (!isLong) copyInto(view, L.PUT_BYTES + job.tube.length, job.body);
}

/** Writes the PART record of the `share` bytes of the body of `job` that begin at `from`. */
function writePart({ tube, body }: LoadedJob, from: number, share: number, view: DataView): void {
  view.setUint32(L.PART_INDEX, from / PART_BODY_BYTES, true);
  view.setUint32(L.PART_PART_BYTES, PART_BODY_BYTES, true);
  view.setUint32(L.PART_TUBE_HASH, tubeHash(tube, 0, tube.length), true);
  copyInto(view, L.PART_BYTES, body.subarray(from, from + share));
}

function copyInto(view: DataView, at: number, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
}

/** Gives each of the records, which lie one behind the other, its CRC. */
function seal(records: Uint8Array, salt: number, checksum: Checksum): void {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  let at = 0;
  while (at < records.length) {
    const bytes = view.getUint32(at + L.RECORD_LENGTH, true);
    const checked = records.subarray(at + L.RECORD_CHECKED, at + bytes);
    view.setUint32(at + L.RECORD_CRC, checksum(salt, checked), true);
    at += bytes;
  }
}
