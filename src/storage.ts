/* Storage: the seam between the journal and whatever keeps its bytes.
 *
 * A directory of flat files, used by one process at a time (`lease`). Everything is synchronous:
 * the journal has a thread of its own, and a test can crash it between any two calls. What a call
 * did is only safe once the file is synced, and a file's existence or name only once the directory
 * is. Implemented by storage/node-fs.ts, and by a simulated disk in the tests.
 */

/** One open file. */
export interface StorageFile {
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads up to into.length bytes from `position`; returns how many there were. Throws a
   * StorageError.
   */
  read(position: number, into: Uint8Array): number;
  /**
   * Writes the pieces one behind the other at `position`; returns how many bytes went, which may be
   * fewer. Throws a StorageError.
   */
  write(position: number, pieces: readonly Uint8Array[]): number;
  /**
   * Returns when everything written to this file is safe. After it threw, nothing written to it may
   * be believed safe.
   */
  sync(): void;
  close(): void;
}

/** A directory for one journal. */
export interface Storage {
  /** Names of all files. */
  list(): readonly string[];
  /**
   * Opens an existing file, which must be one. `write` false: only to read. Throws a StorageError.
   */
  open(name: string, write: boolean): StorageFile;
  /** Makes an empty file, which must not exist, and opens it. Throws a StorageError. */
  create(name: string): StorageFile;
  /** Renames; replaces what has the new name. */
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Returns when all that was created, renamed and removed is safe. */
  syncDirectory(): void;
  /**
   * Locks the directory. Resolves with the lease that keeps other processes out; rejects with
   * HM_STORAGE_BUSY if another process has it.
   */
  lease(): Promise<Lease>;
}

/** One that is only looked at: what would change it throws HM_STORAGE_READ_ONLY. */
export interface InspectedStorage extends Storage {
  /** Who has the directory, for the end of a line; undefined if no server of this machine has. */
  holder(): Promise<string | undefined>;
}

/** What keeps other processes out of a directory, until it is released or the process ends. */
export interface Lease {
  /** Why it does not keep all of this machine out; undefined if it does. */
  readonly weakness: string | undefined;
  /**
   * Makes it as strong as it can be, now that something may be written that could not be before.
   * Rejects with HM_STORAGE_BUSY if that shows that another process is in.
   */
  renew(): Promise<void>;
  release(): void;
}

/** Why a storage call failed, as far as the journal cares. */
export type StorageFailure =
  /** No space, or a quota or size limit. */
  | "HM_STORAGE_FULL"
  /** The file system may only be read; no permission is another matter. */
  | "HM_STORAGE_READ_ONLY"
  /** Another server uses the directory. */
  | "HM_STORAGE_BUSY"
  /** What has that name is no file: a directory, a pipe, a link that leads nowhere. */
  | "HM_STORAGE_NO_FILE"
  /** Anything else: the device or the file system failed. */
  | "HM_STORAGE_FAILED";

/** What is said of HM_STORAGE_NO_FILE. */
export const NO_FILE = "it is no file";

/** A storage call failed. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageFailure;

  constructor(code: StorageFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether a storage call failed because what has that name is no file. */
export function isNoFile(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === "HM_STORAGE_NO_FILE";
}

/** Whether a storage call failed only for want of space. */
export function lacksSpace(error: unknown): boolean {
  return error instanceof StorageError && error.code === "HM_STORAGE_FULL";
}

/** Does what may take space; false when there was none for it. Throws whatever else goes wrong. */
export function foundSpaceFor(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (!lacksSpace(error)) throw error;
    return false;
  }
}
