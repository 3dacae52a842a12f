/*
 * Settlement: what a recovery writes, and all that it writes: done at its end, or, where nothing
 * can be written, later by whoever goes on.
 */

import { quarantineName, SEGMENT_HEADER_BYTES, segmentName } from "./format.ts";
import { writeFully } from "./segment-file.ts";
import { giveUpSpare } from "./spares.ts";
import { lacksSpace, StorageError } from "../storage.ts";
import type { Storage } from "../storage.ts";

/** What recovery could not write, because the file system is full or may only be read. */
export interface Unsettled {
  readonly why: StorageError;
  /** Writes it. To be called before the journal goes on; again, if it throws a StorageError. */
  settle(): void;
}

/** Whether a storage failed only because nothing can be written, or no more. */
export function cannotWrite(error: unknown): error is StorageError {
  return (
    error instanceof StorageError &&
    (error.code === "HM_STORAGE_READ_ONLY" || error.code === "HM_STORAGE_FULL")
  );
}

/** The end of a segment that is to be made safe. */
interface Rewriting {
  /** Of the segment's file. */
  readonly name: string;
  /** All of the segment. */
  readonly bytes: Uint8Array;
  /** From where on it is not known to be safe. */
  readonly unsafe: number;
  /** Where what counts ends. */
  readonly end: number;
  /**
   * What is to stand at the end, and says that all before it is safe; without bytes there is
   * something already.
   */
  readonly mark: Uint8Array;
}

/** What there is to be written, in the order in which it was told. */
export class Settlement {
  readonly #storage: Storage;
  readonly #writes: (() => void)[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The file of a segment that is none of the journal's is kept for people to look at. */
  quarantine(number: number): void {
    const storage = this.#storage;
    this.#writes.push(() => {
      const name = segmentName(number);
      if (storage.list().includes(name)) storage.rename(name, quarantineName(number));
    });
  }

  /** What was not known to be safe is written again, synced, and only then marked as safe. */
  rewrite(rewriting: Rewriting): void {
    this.#writes.push(() => this.#rewrite(rewriting));
  }

  #rewrite({ name, bytes, unsafe, end, mark }: Rewriting): void {
    const file = this.#storage.open(name, true);
    try {
      writeFully(file, 0, [bytes.subarray(0, SEGMENT_HEADER_BYTES)]);
      if (unsafe < end) writeFully(file, unsafe, [bytes.subarray(unsafe, end)]);
      file.sync();
      if (mark.length === 0) return;
      writeFully(file, end, [mark]); // it says that all before it is safe
      file.sync();
    } finally {
      file.close();
    }
  }

  /** Writes, and gives up spares until there is space for it. */
  #insist(write: () => void): void {
    for (;;) {
      try {
        write();
        return;
      } catch (error) {
        if (!lacksSpace(error) || !giveUpSpare(this.#storage)) throw error;
      }
    }
  }

  /**
   * Writes it all; returns what could not be written because nothing can. Throws any other
   * StorageError.
   */
  make(): Unsettled | undefined {
    const settle = (): void => {
      for (const write of this.#writes) this.#insist(write);
    };
    try {
      settle();
      return undefined;
    } catch (why) {
      if (!cannotWrite(why)) throw why;
      return { why, settle };
    }
  }
}
