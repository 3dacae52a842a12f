/* Hints: the file of the secondary tier: what may be lost, written whole every few seconds, or
 * never.
 *
 *   0 magic | 8 crc u32 | 12 version u32 | 16 frame f64 | 24 bytes of jobs f64
 *     | 32 bytes of tubes f64 | 40 crc of entries u32 | 44 segment u32 | 48 safe frame f64
 *     | 56 highest id f64 | jobs | tubes
 *
 * The entries are assembly/hints.ts's. `frame` is the first frame of the journal that was not
 * written yet when the writing of the hints began: a job with a record in it or in a later one has
 * moved on since. `segment` and `safe frame` are the newest that were safe then, so that recovery
 * notices when these are missing: nobody else knows of the newest. The file is written under
 * another name and renamed when it is safe, a bounded part at a time between commits; a file that
 * is damaged, or of a newer version, is put aside. One that was not finished counts for nothing,
 * and is given up with the rest of it. Used by the committer and recovery.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { foundSpaceFor } from "../storage.ts";
import type { Storage, StorageFile } from "../storage.ts";
import type { Checksum } from "./format.ts";
import { readAround, sizeOf } from "./holes.ts";
import type { JournalShard } from "./journal-shard.ts";
import { writeFully } from "./segment-file.ts";

const NAME = "hints";
const NEW_NAME = "hints.new";
const MAGIC = "HMHINTS\0";
const VERSION = 1;
const HEADER_BYTES = 64;
const CRC_FROM = 12;
/** Bytes after which what was written is synced: one sync of everything would make commits wait. */
const SYNC_BYTES = 1_048_576;
/** Bytes that a checksum takes at a time: what a staging area holds. */
const CHECKSUM_BYTES = 65_536;

/** What hints tell of the journal when their writing begins. */
export interface JournalMark {
  /** The first frame that is not written yet. */
  readonly frame: number;
  /** The newest segment and the highest frame that are safe; 0 in what an older program wrote. */
  readonly segment: number;
  readonly safeFrame: number;
  /** Highest job id given out. */
  readonly lastId: number;
}

interface Writing {
  readonly file: StorageFile;
  readonly mark: JournalMark;
  position: number;
  synced: number;
  crc: number;
  shard: number;
  cursor: number;
  isAtTubes: boolean;
  jobBytes: number;
}

/** The writing of the file of hints, step by step. */
export class HintWriter {
  readonly #storage: Storage;
  readonly #shards: readonly JournalShard[];
  readonly #checksum: Checksum;
  #writing: Writing | undefined;
  /** Bytes of the file that counts. */
  #bytes: number;
  /** Bytes of one that was not finished and is still there. */
  #leftBytes: number;
  #wasGivenUp = false;

  constructor(storage: Storage, shards: readonly JournalShard[], checksum: Checksum) {
    this.#storage = storage;
    this.#shards = shards;
    this.#checksum = checksum;
    const names = storage.list();
    this.#bytes = names.includes(NAME) ? (sizeOf(storage, NAME) ?? 0) : 0;
    this.#leftBytes = names.includes(NEW_NAME) ? (sizeOf(storage, NEW_NAME) ?? 0) : 0;
  }

  /** Bytes that the file takes, and the next one, which is being written. */
  get bytes(): number {
    return this.#bytes + (this.#writing?.position ?? this.#leftBytes);
  }

  /** Whether the file was given up, so that a new one should be written. */
  get wasGivenUp(): boolean {
    return this.#wasGivenUp;
  }

  /**
   * Deletes what there is: the jobs that most of it tells of have gone, or the journal needs the
   * space. False when there is nothing, or no space even to delete it. Throws a StorageError.
   */
  giveUp(): boolean {
    const wasThere = this.abandon();
    if (!this.#remove(NAME)) return wasThere;
    this.#bytes = 0;
    this.#wasGivenUp = true;
    return true;
  }

  /** False when there is no such file, or no space even to delete it. */
  #remove(name: string): boolean {
    const storage = this.#storage;
    return storage.list().includes(name) && foundSpaceFor(() => storage.remove(name));
  }

  /** Whether a file is being written. */
  get isBusy(): boolean {
    return this.#writing !== undefined;
  }

  /** Begins a new file. Throws a StorageError. */
  begin(mark: JournalMark): void {
    if (this.#storage.list().includes(NEW_NAME)) this.#storage.remove(NEW_NAME);
    this.#leftBytes = 0;
    const file = this.#storage.create(NEW_NAME);
    this.#wasGivenUp = false;
    this.#writing = {
      file,
      mark,
      position: HEADER_BYTES,
      synced: HEADER_BYTES,
      crc: 0,
      shard: 0,
      cursor: 0,
      isAtTubes: false,
      jobBytes: 0,
    };
  }

  /**
   * Gives up what is being written, or what somebody did not finish: the file that counts stays as
   * it is. False when there is neither. Throws a StorageError.
   */
  abandon(): boolean {
    const writing = this.#writing;
    this.#writing = undefined;
    writing?.file.close();
    const isGone = this.#remove(NEW_NAME); // what cannot be removed is replaced by the next one
    this.#leftBytes = isGone ? 0 : (writing?.position ?? this.#leftBytes);
    return writing !== undefined || isGone;
  }

  /**
   * Writes the next part; the last one makes the file the one that counts. Throws a StorageError.
   */
  step(): void {
    const writing = this.#writing;
    if (writing === undefined) return;
    const shard = this.#shards[writing.shard];
    if (shard !== undefined) this.#writePart(writing, shard);
    else if (writing.isAtTubes) this.#finish(writing);
    else this.#turnToTubes(writing);
  }

  #writePart(writing: Writing, { shard }: JournalShard): void {
    const answer = writing.isAtTubes
      ? shard.tubeHints(writing.cursor)
      : shard.jobHints(writing.cursor);
    const bytes = shard.field(C.RESULT_REPLY_BYTES);
    writing.cursor = shard.field(C.RESULT_REF);
    if (bytes > 0) this.#append(writing, Uint8Array.from(shard.output.subarray(0, bytes)));
    if (answer === C.MORE) return;
    writing.shard++;
    writing.cursor = 0;
  }

  #append(writing: Writing, part: Uint8Array): void {
    writing.crc = this.#checksum(writing.crc, part);
    writing.position += writeFully(writing.file, writing.position, [part]);
    if (writing.position - writing.synced < SYNC_BYTES) return;
    writing.file.sync();
    writing.synced = writing.position;
  }

  #turnToTubes(writing: Writing): void {
    writing.jobBytes = writing.position - HEADER_BYTES;
    writing.isAtTubes = true;
    writing.shard = 0;
    writing.cursor = 0;
  }

  #finish(writing: Writing): void {
    const header = new Uint8Array(HEADER_BYTES);
    const view = new DataView(header.buffer);
    for (let at = 0; at < MAGIC.length; at++) header[at] = MAGIC.charCodeAt(at);
    view.setUint32(12, VERSION, true);
    view.setFloat64(16, writing.mark.frame, true);
    view.setFloat64(24, writing.jobBytes, true);
    view.setFloat64(32, writing.position - HEADER_BYTES - writing.jobBytes, true);
    view.setUint32(40, writing.crc, true);
    view.setUint32(44, writing.mark.segment, true);
    view.setFloat64(48, writing.mark.safeFrame, true);
    view.setFloat64(56, writing.mark.lastId, true);
    view.setUint32(8, this.#checksum(0, header.subarray(CRC_FROM)), true);
    writeFully(writing.file, 0, [header]);
    writing.file.sync();
    writing.file.close();
    this.#writing = undefined;
    this.#leftBytes = writing.position; // until it has its name, for which there may be no space
    this.#storage.rename(NEW_NAME, NAME);
    this.#leftBytes = 0;
    this.#bytes = writing.position;
    this.#storage.syncDirectory();
  }
}

/** Hints that were found, sound. */
export interface FoundHints {
  /** Jobs with records in its frame or a later one have moved on since. */
  readonly mark: JournalMark;
  readonly jobs: Uint8Array;
  readonly tubes: Uint8Array;
}

/**
 * Reads the file of hints; undefined when there is none, or it is damaged or newer than this
 * program.
 */
export function readHints(storage: Storage, checksum: Checksum): FoundHints | undefined {
  if (!storage.list().includes(NAME)) return undefined;
  const { bytes, holes } = readAround(storage, NAME);
  if (bytes.length < HEADER_BYTES || holes.length > 0) return undefined;
  const view = new DataView(bytes.buffer);
  const isSound =
    hasMagic(bytes) &&
    view.getUint32(8, true) === checksum(0, bytes.subarray(CRC_FROM, HEADER_BYTES)) &&
    view.getUint32(12, true) === VERSION;
  if (!isSound) return undefined;
  const tubesAt = HEADER_BYTES + view.getFloat64(24, true);
  const end = tubesAt + view.getFloat64(32, true);
  const content = bytes.subarray(HEADER_BYTES, end);
  if (end > bytes.length || view.getUint32(40, true) !== checksumOfAll(content, checksum)) {
    return undefined;
  }
  return {
    mark: {
      frame: view.getFloat64(16, true),
      segment: view.getUint32(44, true),
      safeFrame: view.getFloat64(48, true),
      lastId: view.getFloat64(56, true),
    },
    jobs: bytes.subarray(HEADER_BYTES, tubesAt),
    tubes: bytes.subarray(tubesAt, end),
  };
}

function hasMagic(bytes: Uint8Array): boolean {
  for (let at = 0; at < MAGIC.length; at++) {
    if (bytes[at] !== MAGIC.charCodeAt(at)) return false;
  }
  return true;
}

function checksumOfAll(bytes: Uint8Array, checksum: Checksum): number {
  let crc = 0;
  for (let at = 0; at < bytes.length; at += CHECKSUM_BYTES) {
    crc = checksum(crc, bytes.subarray(at, at + CHECKSUM_BYTES));
  }
  return crc;
}

/** Lays hints over what the journal brought back. */
export function applyHints(
  { jobs, tubes }: FoundHints,
  shards: readonly JournalShard[],
  now: number,
): void {
  for (const { shard } of shards) {
    const { staging, stagingAddress } = shard;
    const step = Math.floor(staging.length / L.HINT_JOB_BYTES) * L.HINT_JOB_BYTES;
    for (let at = 0; at < jobs.length; at += step) {
      const part = jobs.subarray(at, at + step);
      staging.set(part);
      shard.applyJobHints(stagingAddress, part.length, now);
    }
    for (const part of tubeParts(tubes, staging.length)) {
      staging.set(part);
      shard.applyTubeHints(stagingAddress, part.length, now);
    }
  }
}

/** Hints about tubes in pieces of whole entries, none longer than `most`. */
function tubeParts(tubes: Uint8Array, most: number): readonly Uint8Array[] {
  const view = new DataView(tubes.buffer, tubes.byteOffset, tubes.byteLength);
  const parts: Uint8Array[] = [];
  let from = 0;
  let at = 0;
  while (at + L.HINT_TUBE_BYTES <= tubes.length) {
    const next =
      at +
      Math.ceil((L.HINT_TUBE_BYTES + view.getUint32(at + L.HINT_TUBE_NAME_BYTES, true)) / 8) * 8;
    if (next - from > most) {
      parts.push(tubes.subarray(from, at));
      from = at;
    }
    at = next;
  }
  parts.push(tubes.subarray(from, at));
  return parts;
}
