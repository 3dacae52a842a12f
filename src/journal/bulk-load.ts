/* BulkLoad: a new journal made of jobs that were not put through a server.
 *
 * Every job becomes one PUT record; frames and segments are as a server with one shard would have written them. The files have names that
 * nobody minds until all of them are safe; only then do they become segments, the first one last. Needs no engine and holds one frame in
 * memory. Used by `homemaker import`.
 */

import { RECORD_PUT } from "../../assembly/constants.ts";
import {
  frameHeaderBytes,
  SEGMENT_HEADER_BYTES,
  segmentName,
  writeFrameHeader,
  writeSegmentHeader,
} from "./format.ts";
import type { Checksum } from "./format.ts";
import { writeFully } from "./segment-file.ts";
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

/** Bytes of a PUT record in front of the tube's name. */
const PUT_BYTES = 80;
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
    const room = parts.segmentBytes - SEGMENT_HEADER_BYTES - 2 * this.#header.length;
    this.#frame = new Uint8Array(Math.min(FRAME_BYTES_MAX, room - (room % 8)));
  }

  /** Adds a job; its record must fit a frame. Throws a StorageError. */
  add(job: LoadedJob): void {
    const bytes = recordBytes(job);
    if (this.#frameBytes + bytes > this.#frame.length) this.#writeFrame();
    const into = this.#frame.subarray(this.#frameBytes, this.#frameBytes + bytes);
    this.#frameBytes += bytes;
    this.#jobs++;
    writePut(job, this.#position + this.#frameBytes, into);
  }

  /** Writes what is left, makes all of it safe and gives the files their names. Throws a StorageError. */
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
      wallMicros,
      sections: records.map((one) => ({ shard: 0, bytes: one.length, first: this.#position })),
    };
    const bytes = writeFrameHeader(header, segment.salt, this.#header, checksum);
    const pieces = [this.#header.subarray(0, bytes), ...records];
    segment.position += writeFully(segment.file, segment.position, pieces);
  }

  #begin(): { file: StorageFile; salt: number; position: number } {
    const { storage, random, checksum, lastId, wallMicros } = this.#parts;
    const number = ++this.#segments;
    const file = storage.create(unfinishedName(number));
    const salt = random() >>> 0;
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    const firstFrame = this.#nextFrame;
    writeSegmentHeader(
      { number, salt, firstFrame, lastId, wallMicros, shards: 1 },
      header,
      checksum,
    );
    return { file, salt, position: writeFully(file, 0, [header]) };
  }

  /** Ends the segment with an empty frame, which says that all before it is safe, and fills it up to its length. */
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

function recordBytes({ tube, body }: LoadedJob): number {
  return Math.ceil((PUT_BYTES + tube.length + body.length) / 8) * 8;
}

/** Writes the PUT record of `job`, which ends at position `lsn` of the stream, without its CRC. */
function writePut(job: LoadedJob, lsn: number, into: Uint8Array): void {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  into.fill(0);
  view.setUint32(0, into.length, true);
  view.setUint8(8, RECORD_PUT);
  view.setUint8(9, job.state);
  view.setUint16(10, job.tube.length, true);
  view.setUint32(12, job.body.length, true);
  view.setBigUint64(16, BigInt(job.id), true);
  view.setBigUint64(24, BigInt(lsn), true);
  view.setUint32(32, job.pri, true);
  view.setUint32(36, job.delaySeconds, true);
  view.setUint32(40, job.ttrSeconds, true);
  view.setFloat64(48, job.createdMicros, true);
  view.setFloat64(56, job.dueMicros, true);
  into.set(job.tube, PUT_BYTES);
  into.set(job.body, PUT_BYTES + job.tube.length);
}

/** Gives each of the records, which lie one behind the other, its CRC. */
function seal(records: Uint8Array, salt: number, checksum: Checksum): void {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  let at = 0;
  while (at < records.length) {
    const bytes = view.getUint32(at, true);
    view.setUint32(at + 4, checksum(salt, records.subarray(at + 8, at + bytes)), true);
    at += bytes;
  }
}
