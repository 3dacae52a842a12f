/* SegmentFile: one segment of the journal on the disk: a file of fixed length, header first, then
 * frames from front to back. Not all have the same length.
 *
 * Its blocks exist before the first frame is written (zeros, or an earlier use), so that a sync
 * writes data and no metadata: measured half the time of a file that grows. Short writes are
 * continued; anything else that fails is thrown. Used by the journal and by
 * whoever leads a commit.
 */

import { segmentName } from "./format.ts";
import { StorageError } from "../storage.ts";
import type { Storage, StorageFile } from "../storage.ts";

/** A segment that is being written. */
export class SegmentFile {
  readonly number: number;
  readonly salt: number;
  /** Its length. */
  readonly bytes: number;
  readonly #file: StorageFile;

  constructor(number: number, salt: number, file: StorageFile) {
    this.number = number;
    this.salt = salt;
    this.bytes = file.size;
    this.#file = file;
  }

  /** Opens segment `number`, which another thread began, to write to it. */
  static open(storage: Storage, number: number, salt: number): SegmentFile {
    return new SegmentFile(number, salt, storage.open(segmentName(number), true));
  }

  /**
   * Writes all of `pieces` at `position`, in as many writes as it takes; returns how many bytes.
   */
  write(position: number, pieces: readonly Uint8Array[]): number {
    return writeFully(this.#file, position, pieces);
  }

  /** Writes the header. */
  writeHeader(header: Uint8Array): void {
    writeFully(this.#file, 0, [header]);
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Writes all of `pieces` at `position`, in as many writes as it takes; returns how many bytes.
 * Throws what the storage throws.
 */
export function writeFully(
  file: StorageFile,
  position: number,
  pieces: readonly Uint8Array[],
): number {
  let rest = pieces;
  let done = 0;
  while (rest.length > 0) {
    const count = file.write(position + done, rest);
    if (count <= 0) throw new StorageError("HM_STORAGE_FAILED", "a write wrote nothing");
    done += count;
    rest = behind(rest, count);
  }
  return done;
}

/**
 * Writes zeros to the end of a file in which nothing is needed: its length may only have been seen,
 * and with the next sync it is safe. Throws what the storage throws.
 */
export function pinLength(file: StorageFile): void {
  const zeros = new Uint8Array(Math.min(8, file.size));
  writeFully(file, file.size - zeros.length, [zeros]);
}

/** What is left of `pieces` behind their first `count` bytes. */
function behind(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (left >= piece.length) left -= piece.length;
    else {
      rest.push(piece.subarray(left));
      left = 0;
    }
  }
  return rest;
}
