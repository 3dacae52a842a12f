/* Spares: files of a segment's length, ready to become one.
 *
 * A segment that is not needed any more becomes a spare; when there are too few, a new file is
 * filled with zeros, a piece at a time between commits, synced, and only then counts. At least two
 * are wanted: one for the next rotation, and one so that whatever drains the queue has somewhere to
 * go when the disk is full; more when the rings hold more than one, since what is in them must find
 * a place.
 */

import { spareName, spareNumber, segmentName } from "./format.ts";
import { writeFully } from "./segment-file.ts";
import { lacksSpace } from "../storage.ts";
import type { Storage, StorageFile } from "../storage.ts";

/** Spares that are kept ready at least. */
const WANTED_MIN = 2;
/** Bytes of zeros written at a time. */
export const PIECE_BYTES = 1_048_576;
/** Without space it is tried again after this long. */
const RETRY_MILLIS = 200;

/** The spare files of a journal. */
export class Spares {
  readonly #storage: Storage;
  readonly #segmentBytes: number;
  /** Spares that are kept ready. */
  readonly wanted: number;
  readonly #ready: number[] = [];
  #next = 1;
  #filling: { readonly number: number; readonly file: StorageFile; position: number } | undefined;
  /** The file of a spare that was given up and could not even be removed. */
  #litter: string | undefined;
  #zeros = new Uint8Array(PIECE_BYTES);
  #full = false;
  #failedMillis = -Infinity;
  /** A clock that never jumps. */
  readonly #millis: () => number;

  /**
   * Takes over the spares that lie in the storage; those of another length go. `ringBytes` are
   * those of all shards together.
   */
  constructor(storage: Storage, segmentBytes: number, ringBytes: number, millis: () => number) {
    this.#millis = millis;
    this.#storage = storage;
    this.#segmentBytes = segmentBytes;
    this.wanted = Math.max(WANTED_MIN, 1 + Math.ceil(ringBytes / segmentBytes));
    for (const name of storage.list()) this.#takeOver(name);
  }

  #takeOver(name: string): void {
    const number = spareNumber(name);
    if (number === undefined) return;
    const file = this.#storage.open(name, false);
    const { size } = file;
    file.close();
    this.#next = Math.max(this.#next, number + 1);
    if (size === this.#segmentBytes && this.#ready.length < this.wanted) this.#ready.push(number);
    else this.#storage.remove(name);
  }

  /** Files that can become a segment at once. */
  get count(): number {
    return this.#ready.length;
  }

  /** Whether the storage had no space for another one when last asked. */
  get isFull(): boolean {
    return this.#full && this.#ready.length < this.wanted;
  }

  /**
   * Does a bounded part of making the next spare; false when there is nothing to do, or no space.
   */
  prepare(): boolean {
    if (this.#ready.length >= this.wanted) return false;
    if (this.#millis() - this.#failedMillis < RETRY_MILLIS) return false;
    try {
      this.#fill();
      this.#full = false;
      return true;
    } catch (error) {
      if (!lacksSpace(error)) throw error;
      this.#giveUp();
      this.#full = true;
      this.#failedMillis = this.#millis();
      return false;
    }
  }

  #fill(): void {
    this.#clear();
    this.#filling ??= this.#begin();
    const filling = this.#filling;
    const left = this.#segmentBytes - filling.position;
    const zeros = left < PIECE_BYTES ? this.#zeros.subarray(0, left) : this.#zeros;
    filling.position += writeFully(filling.file, filling.position, [zeros]);
    filling.file.sync(); // piece by piece: one sync of the whole would make commits wait
    if (filling.position < this.#segmentBytes) return;
    this.#storage.syncDirectory();
    this.#filling = undefined;
    filling.file.close();
    this.#ready.push(filling.number);
  }

  #begin(): { number: number; file: StorageFile; position: number } {
    const number = this.#next++;
    return { number, file: this.#storage.create(spareName(number)), position: 0 };
  }

  #giveUp(): void {
    const filling = this.#filling;
    if (filling === undefined) return;
    this.#filling = undefined;
    filling.file.close();
    this.#litter = spareName(filling.number);
    try {
      this.#clear();
    } catch (error) {
      if (!lacksSpace(error)) throw error; // where files are copied on write, even this takes space
    }
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
    const [spare] = this.#ready;
    if (spare === undefined) return undefined;
    this.#storage.rename(spareName(spare), segmentName(number));
    this.#ready.shift();
    return this.#storage.open(segmentName(number), true);
  }

  /**
   * The file of segment `number` is not needed any more. Throws a StorageError; without space,
   * nothing has happened then.
   */
  recycle(number: number): void {
    if (this.#ready.length >= this.wanted) {
      this.#storage.remove(segmentName(number));
      return;
    }
    const spare = this.#next;
    this.#storage.rename(segmentName(number), spareName(spare));
    this.#next++;
    this.#ready.push(spare);
  }
}
