/* Spares: files that are ready to become a segment.
 *
 * A segment that is not needed any more becomes a spare; when there are too few, a new file is
 * filled with zeros, a piece at a time between commits, synced, and only then counts. As many bytes
 * are wanted as two segments have, and more where more than a segment may be on its way to the
 * disk.
 *
 * What is left of a full disk is no whole segment. It, or the last whole spare, makes three shorter
 * ones, so that what drains the queue can go from one to the next. Short ones are used last while
 * the disk is full, and first when it is not.
 *
 * Where files are copied on write, writing over a spare takes space that no file has. So a frame
 * that finds none gets that of a spare (`giveUp`), and from then on the spares are spent: free
 * space is worth more than they are, a segment that goes leaves it free, and puts are refused until
 * there are as many spares as are wanted once more.
 */

import { spareName, spareNumber, segmentName } from "./format.ts";
import { sizeOf } from "./holes.ts";
import { pinLength, writeFully } from "./segment-file.ts";
import { foundSpaceFor } from "../storage.ts";
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
/** The same for more spares than one when they are spent: what is tried takes space from frames. */
const SPENT_RETRY_MILLIS = 1000;

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

/**
 * Removes a spare of a server that does not run, for what is to be written in its storage; false
 * when there is none, or no space even for that. Throws a StorageError.
 */
export function giveUpSpare(storage: Storage): boolean {
  const name = storage.list().find((one) => spareNumber(one) !== undefined);
  return name !== undefined && foundSpaceFor(() => storage.remove(name));
}

/** The spare files of a journal. */
export class Spares {
  readonly #storage: Storage;
  readonly #segmentBytes: number;
  /** Whole spares that are kept ready. */
  readonly wanted: number;
  /** The shortest first; of the same length, the oldest. */
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
  #isTried = false;
  /** There was no space for a whole one. */
  #isTight = false;
  #isSpent = false;
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
      this.#add({ number, bytes });
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
    return this.#ready[0]?.bytes ?? 0;
  }

  get #isEnough(): boolean {
    return this.bytes >= this.wanted * this.#segmentBytes;
  }

  /** Whether the storage had no space for another one when last asked. */
  get isRefused(): boolean {
    return this.#isSpent || (this.#full && !this.#isEnough);
  }

  /** Whether it is known if the storage has space for another one; it is not after a start. */
  get isTried(): boolean {
    return this.#isTried || this.#isEnough;
  }

  /** Whether some were given up, and there are not enough again. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Does a bounded part of making the next spare; false when there is nothing to do, or no space.
   */
  prepare(): boolean {
    if (this.#isEnough || !this.#mayTry) return false;
    if (foundSpaceFor(() => this.#fill())) return true;
    const space = this.#giveUpFilling();
    this.#isTight = true;
    this.#fillBytes = this.#leavesRoom ? this.#segmentBytes : this.#shorter(space);
    if (this.#fillBytes < this.#segmentBytes || this.#split()) return true;
    this.#full = this.#isTried = true;
    this.#failedMillis = this.#millis();
    return false;
  }

  /** Whether what is left is for frames: there is a file to go on in, and spares are spent. */
  get #leavesRoom(): boolean {
    return this.#isSpent && this.#ready.length > 0;
  }

  get #mayTry(): boolean {
    const patience = this.#leavesRoom ? SPENT_RETRY_MILLIS : RETRY_MILLIS;
    return this.#millis() - this.#failedMillis >= patience;
  }

  /**
   * Gives up what is being filled, or else the shortest that is ready if that leaves at least so
   * many, for a frame that found no space. False when there is none, or no space even for that.
   * Throws a StorageError.
   */
  giveUp(least: number): boolean {
    this.#isTight = true;
    const wasFilling = this.#filling !== undefined;
    if (wasFilling) this.#giveUpFilling();
    this.#fillBytes = this.#segmentBytes;
    const gaveUp = wasFilling || (this.count > least && this.#removeShortest());
    if (this.#isEnough) return gaveUp;
    this.#isSpent = this.#full = true;
    if (this.#leavesRoom) this.#failedMillis = this.#millis();
    return gaveUp;
  }

  #removeShortest(): boolean {
    const [shortest] = this.#ready;
    if (shortest === undefined || !this.#remove(spareName(shortest.number))) return false;
    this.#ready.shift();
    if (this.count === 0) this.#fillBytes = this.#shorter(shortest.bytes);
    return true;
  }

  /** False when there is no space even to remove it. */
  #remove(name: string): boolean {
    return foundSpaceFor(() => this.#storage.remove(name));
  }

  /**
   * Length of the next one to be filled when there was space for only so many bytes: a whole one,
   * later, if that is too little, or if even a shorter one could not be had.
   */
  #shorter(space: number): number {
    if (this.#fillBytes < this.#segmentBytes) return this.#segmentBytes;
    const short = this.#ready.filter(({ bytes }) => bytes < this.#segmentBytes).length;
    const least = shortBytesMin(this.#segmentBytes);
    const few = short === 0 ? 2 : 1;
    for (let parts = Math.max(few, SHORT_COUNT - short); parts >= few; parts--) {
      const wanted = (space - this.#segmentBytes / LEFT_PART) / parts;
      const bytes = Math.max(least, Math.floor(wanted / BLOCK_BYTES) * BLOCK_BYTES);
      if (bytes * parts <= space) return bytes;
    }
    const isEnough = short === 0 && least + this.#segmentBytes / LEFT_PART <= space;
    return isEnough ? least : this.#segmentBytes;
  }

  /** Has a whole one make place for shorter ones if there are too few; false if that cannot be. */
  #split(): boolean {
    const whole = this.#ready.find(({ bytes }) => bytes === this.#segmentBytes);
    if (whole === undefined || this.#leavesRoom || this.#ready.length >= SHORT_COUNT) return false;
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
    if (filling.bytes === this.#segmentBytes) {
      this.#full = this.#isTight = false;
      this.#isTried = true;
    }
    this.#storage.syncDirectory();
    this.#filling = undefined;
    this.#fillBytes = this.#segmentBytes;
    filling.file.close();
    this.#add({ number: filling.number, bytes: filling.bytes });
  }

  #add(spare: Spare): void {
    this.#ready.push(spare);
    this.#ready.sort((a, b) => a.bytes - b.bytes);
    if (this.#isEnough) this.#isSpent = false;
  }

  #begin(): Filling {
    const number = this.#next++;
    const file = this.#storage.create(spareName(number));
    return { number, bytes: this.#fillBytes, file, position: 0 };
  }

  /** Removes what was being filled; returns for how much of it there was space. */
  #giveUpFilling(): number {
    const filling = this.#filling;
    if (filling === undefined) return 0;
    this.#filling = undefined;
    const bytes = filling.file.size; // the last piece may be there in part
    filling.file.close();
    this.#litter = spareName(filling.number);
    foundSpaceFor(() => this.#clear()); // or it is removed before the next one is begun
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
    const spare = this.#ready.at(this.#isTight ? -1 : 0);
    if (spare === undefined) return undefined;
    if (this.#inherited.has(spare.number)) this.#secure(spare);
    this.#storage.rename(spareName(spare.number), segmentName(number));
    this.#ready.splice(this.#ready.indexOf(spare), 1);
    return this.#storage.open(segmentName(number), true);
  }

  /**
   * Removes the file of segment `number`, which has not been begun, so that there is place for a
   * shorter one; false when it is a short one, or there is no space even for that. Throws a
   * StorageError.
   */
  shorten(number: number, file: StorageFile): boolean {
    if (file.size < this.#segmentBytes || !this.#remove(segmentName(number))) return false;
    this.#storage.syncDirectory(); // or it would be back, newer than what is written from now on
    file.close();
    this.#fillBytes = this.#shorter(this.#segmentBytes);
    this.#failedMillis = -Infinity;
    return true;
  }

  /**
   * Removes the last spare, if it is a whole one, for a shorter one that `prepare` makes next: what
   * is left over is space. False when it is none, or there is no space even for that. Throws a
   * StorageError.
   */
  shortenLast(): boolean {
    if (this.count !== 1 || this.shortestBytes < this.#segmentBytes) return false;
    if (!this.#removeShortest()) return false;
    this.#failedMillis = -Infinity;
    return true;
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
    const hasMany = this.#isSpent && this.#ready.length >= SHORT_COUNT;
    if (this.#isEnough || hasMany || bytes > this.#segmentBytes) {
      this.#storage.remove(segmentName(number));
      return;
    }
    const spare = this.#next;
    if (!foundSpaceFor(() => this.#storage.rename(segmentName(number), spareName(spare)))) {
      // Removing may be possible all the same, and makes space.
      this.#storage.remove(segmentName(number));
      return;
    }
    this.#next++;
    this.#add({ number: spare, bytes });
  }
}
