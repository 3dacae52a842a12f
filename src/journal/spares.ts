/* Spares: files that are ready to become a segment.
 *
 * A segment that is not needed any more becomes a spare; when there are too few, a new file is
 * filled with zeros, a piece at a time between commits, synced, and only then counts. As many bytes
 * are wanted as two segments have, and more where more than a segment may be on its way to the disk.
 *
 * What is left of a full disk is no whole segment. It, or the last whole spare, makes three shorter
 * ones, so that what drains the queue can go from one to the next. Short ones are used last while the disk is full, and
 * first when it is not.
 */

import { spareName, spareNumber, segmentName } from "./format.ts";
import { sizeOf } from "./holes.ts";
import { pinLength, writeFully } from "./segment-file.ts";
import { lacksSpace } from "../storage.ts";
import type { Storage, StorageFile } from "../storage.ts";

/** Whole spares that are kept ready at least. */
const WANTED_MIN = 2;
/** A segment must hold the longest record, and a list of all segments. */
const SHORT_BYTES_MIN = 262_144;
/** Short ones that are made of what is left, and spares that puts leave (reserve.ts). */
export const SHORT_COUNT = 3;
/** Lengths are whole blocks. */
const BLOCK_BYTES = 4096;
/** One part in so many of a segment is left on a full disk for the other files of the directory. */
const LEFT_PART = 16;
/** Bytes of zeros written at a time. */
export const PIECE_BYTES = 1_048_576;
/** Without space it is tried again after this long. */
const RETRY_MILLIS = 200;

/** The shortest file that can be a segment where they are to have `segmentBytes`. */
export function shortBytesMin(segmentBytes: number): number {
  return Math.min(SHORT_BYTES_MIN, segmentBytes / 4);
}

/** A file that is ready. */
interface Spare {
  readonly number: number;
  readonly bytes: number;
}

/** A file that is being filled with zeros. */
interface Filling extends Spare {
  readonly file: StorageFile;
  position: number;
}

/** The spare files of a journal. */
export class Spares {
  readonly #storage: Storage;
  readonly #segmentBytes: number;
  /** Whole spares that are kept ready. */
  readonly wanted: number;
  readonly #ready: Spare[] = [];
  /** Those of an earlier server, whose lengths need not be safe. */
  readonly #inherited = new Set<number>();
  #next = 1;
  #filling: Filling | undefined;
  /** Length of the next one to be filled. */
  #fillBytes: number;
  /** The file of a spare that was given up and could not even be removed. */
  #litter: string | undefined;
  #zeros = new Uint8Array(PIECE_BYTES);
  #full = false;
  /** There was no space for a whole one. */
  #isTight = false;
  #failedMillis = -Infinity;
  /** A clock that never jumps. */
  readonly #millis: () => number;

  /**
   * Takes over the spares that lie in the storage. `comingBytes`: what may be on its way to the
   * disk at a time.
   */
  constructor(storage: Storage, segmentBytes: number, comingBytes: number, millis: () => number) {
    this.#millis = millis;
    this.#storage = storage;
    this.#segmentBytes = segmentBytes;
    this.#fillBytes = segmentBytes;
    this.wanted = Math.max(WANTED_MIN, 1 + Math.ceil(comingBytes / segmentBytes));
    for (const name of storage.list()) this.#takeOver(name);
  }

  #takeOver(name: string): void {
    const number = spareNumber(name);
    if (number === undefined) return;
    this.#next = Math.max(this.#next, number + 1);
    const bytes = sizeOf(this.#storage, name);
    if (bytes === undefined) return; // somebody else's
    const isShort = bytes < this.#segmentBytes && bytes % BLOCK_BYTES === 0;
    const fits = isShort
      ? bytes >= shortBytesMin(this.#segmentBytes)
      : bytes === this.#segmentBytes;
    if (!fits || this.#isEnough) this.#storage.remove(name);
    else {
      this.#ready.push({ number, bytes });
      this.#inherited.add(number);
    }
  }

  /** Files that can become a segment at once. */
  get count(): number {
    return this.#ready.length;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#ready.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Bytes of the shortest, 0 without any. */
  get shortestBytes(): number {
    return this.#ready.length === 0 ? 0 : Math.min(...this.#ready.map(({ bytes }) => bytes));
  }

  get #isEnough(): boolean {
    return this.bytes >= this.wanted * this.#segmentBytes;
  }

  /** Whether the storage had no space for another one when last asked. */
  get isRefused(): boolean {
    return this.#full && !this.#isEnough;
  }

  /**
   * Does a bounded part of making the next spare; false when there is nothing to do, or no space.
   */
  prepare(): boolean {
    if (this.#isEnough) return false;
    if (this.#millis() - this.#failedMillis < RETRY_MILLIS) return false;
    try {
      this.#fill();
      return true;
    } catch (error) {
      if (!lacksSpace(error)) throw error;
      this.#isTight = true;
      this.#fillBytes = this.#shorter(this.#giveUp());
      if (this.#fillBytes < this.#segmentBytes || this.#split()) return true;
      this.#full = true;
      this.#failedMillis = this.#millis();
      return false;
    }
  }

  /**
   * Length of the next one to be filled when there was space for only so many bytes: a whole one,
   * later, if that is too little, or if even a shorter one could not be had.
   */
  #shorter(space: number): number {
    if (this.#fillBytes < this.#segmentBytes) return this.#segmentBytes;
    const short = this.#ready.filter(({ bytes }) => bytes < this.#segmentBytes).length;
    const parts = Math.max(1, SHORT_COUNT - short);
    const wanted = (space - this.#segmentBytes / LEFT_PART) / parts;
    const bytes = Math.floor(wanted / BLOCK_BYTES) * BLOCK_BYTES;
    const least = shortBytesMin(this.#segmentBytes);
    return Math.max(bytes, least) * parts <= space ? Math.max(bytes, least) : this.#segmentBytes;
  }

  /** Has a whole one make place for shorter ones if there are too few; false when that cannot be. */
  #split(): boolean {
    const whole = this.#ready.find(({ bytes }) => bytes === this.#segmentBytes);
    if (whole === undefined || this.#ready.length >= SHORT_COUNT) return false;
    this.#storage.remove(spareName(whole.number));
    this.#ready.splice(this.#ready.indexOf(whole), 1);
    this.#fillBytes = this.#shorter(this.#segmentBytes);
    return this.#fillBytes < this.#segmentBytes;
  }

  #fill(): void {
    this.#clear();
    this.#filling ??= this.#begin();
    const filling = this.#filling;
    const left = filling.bytes - filling.position;
    const zeros = left < PIECE_BYTES ? this.#zeros.subarray(0, left) : this.#zeros;
    filling.position += writeFully(filling.file, filling.position, [zeros]);
    filling.file.sync(); // piece by piece: one sync of the whole would make commits wait
    if (filling.position < filling.bytes) return;
    if (filling.bytes === this.#segmentBytes) this.#full = this.#isTight = false;
    this.#storage.syncDirectory();
    this.#filling = undefined;
    this.#fillBytes = this.#segmentBytes;
    filling.file.close();
    this.#ready.push({ number: filling.number, bytes: filling.bytes });
  }

  #begin(): Filling {
    const number = this.#next++;
    const file = this.#storage.create(spareName(number));
    return { number, bytes: this.#fillBytes, file, position: 0 };
  }

  /** Removes what was being filled; returns for how much of it there was space. */
  #giveUp(): number {
    const filling = this.#filling;
    if (filling === undefined) return 0;
    this.#filling = undefined;
    const bytes = filling.file.size; // the last piece may be there in part
    filling.file.close();
    this.#litter = spareName(filling.number);
    try {
      this.#clear();
    } catch (error) {
      if (!lacksSpace(error)) throw error; // where files are copied on write, even this takes space
    }
    return bytes;
  }

  #clear(): void {
    if (this.#litter !== undefined) this.#storage.remove(this.#litter);
    this.#litter = undefined;
  }

  /**
   * Makes a spare the file of segment `number` and opens it; undefined when there is none. The
   * caller syncs the directory. Throws a StorageError; without space, nothing has happened then.
   */
  use(number: number): StorageFile | undefined {
    const shortestFirst = this.#ready.toSorted((a, b) => a.bytes - b.bytes);
    const spare = this.#isTight ? shortestFirst.at(-1) : shortestFirst[0];
    if (spare === undefined) return undefined;
    if (this.#inherited.has(spare.number)) this.#secure(spare);
    this.#storage.rename(spareName(spare.number), segmentName(number));
    this.#ready.splice(this.#ready.indexOf(spare), 1);
    return this.#storage.open(segmentName(number), true);
  }

  /** Makes the length of a spare safe: the server that made it may not have come so far. */
  #secure({ number }: Spare): void {
    const file = this.#storage.open(spareName(number), true);
    try {
      pinLength(file);
      file.sync();
    } finally {
      file.close();
    }
    this.#inherited.delete(number);
  }

  /**
   * The file of segment `number`, which has so many bytes, is not needed any more. Throws a
   * StorageError; without space, nothing has happened then.
   */
  recycle(number: number, bytes: number): void {
    if (this.#isEnough || bytes > this.#segmentBytes) {
      this.#storage.remove(segmentName(number));
      return;
    }
    const spare = this.#next;
    this.#storage.rename(segmentName(number), spareName(spare));
    this.#next++;
    this.#ready.push({ number: spare, bytes });
  }
}
