/* BlobStore: where bodies of jobs lie that are too big for the queue: the seam between
 * blob-backend.ts and whatever keeps them: a directory (storage/directory-blobs.ts), or a store of
 * one's own.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";
import type { Abortable } from "./enqueue-options.ts";
import { BadOptionError } from "./errors.ts";

/** A key, and the name of a file in every file system. */
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/**
 * Keeps bytes by a key. Keys are of letters, digits, `-`, `_` and `.`, and are never used twice.
 */
export interface BlobStore {
  /** Resolves when the bytes are as safe as the store promises. */
  write(key: string, bytes: Uint8Array, options?: Abortable): Promise<void>;
  /** Undefined if there is nothing. */
  read(key: string, options?: Abortable): Promise<Uint8Array | undefined>;
  /** It is no mistake if there is nothing. */
  remove(key: string): Promise<void>;
  /** All keys, in any order. */
  list(): AsyncIterable<string>;
}

/** How a queue has big bodies elsewhere. */
export interface BlobOptions {
  readonly store: BlobStore;
  /** Bodies that are longer, in bytes, go there; 32,768 if absent. */
  readonly aboveBytes?: number;
  /**
   * How often it is looked for what no job has any more, in milliseconds; never if absent. The
   * store must be this queue's alone.
   */
  readonly sweepEveryMillis?: number;
}

/** Whether it is a key of a blob. */
export function isBlobKey(name: string): boolean {
  return KEY.test(name);
}

/** Throws a BadOptionError of what is none. */
export function checkBlobKey(name: string): void {
  if (!isBlobKey(name)) throw new BadOptionError(`${JSON.stringify(name)} is no key of a blob`);
}

/** The body of a job is not where it was left, or is not what was left there. */
export class BlobError extends HomemakerError {
  override readonly name = "BlobError";
  readonly code: "HM_BLOB_MISSING" | "HM_BLOB_DAMAGED";

  constructor(code: BlobError["code"], key: string) {
    const what = code === "HM_BLOB_MISSING" ? "is not there" : "is not what was written";
    super(`the body of the job, ${key} in the store, ${what}`);
    this.code = code;
  }
}
