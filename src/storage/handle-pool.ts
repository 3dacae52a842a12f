/* HandlePool: a journal's directory in files that were all opened before, for where opening, making
 * and renaming a file take a turn of an event loop, as in a browser, and the journal has none.
 *
 * A file's name is a record in it (pool-name.ts); a file without one is free, and empty. Making a
 * file names a free one, removing it frees one, renaming it writes another record. When none is
 * free there is no space: what the journal does then is what it does on a full disk.
 *
 * Invariants: a free file says so, is empty, and is safe as such, before it gets a name, so that
 * nothing old shows in a new file, and no bytes are without a record. When a name is replaced, the
 * file that gets it is safe under it before the other one is free. What a crash leaves of that, two
 * files of one name, is settled when the pool is opened: the newer record counts. A file that has
 * bytes and no sound record is kept, under a name that no journal has. Opened by browser/opfs.ts.
 */
import { StorageError } from "../storage.ts";
import type { Lease, Storage, StorageFile } from "../storage.ts";
import { decodeName, encodeName, HEAD_BYTES, NAME_BYTES_MAX, positionOf } from "./pool-name.ts";
import type { PoolName } from "./pool-name.ts";

/** One open file, as browsers have it (FileSystemSyncAccessHandle). */
export interface SyncHandle {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  getSize(): number;
  truncate(bytes: number): void;
  close(): void;
}

/** A file of the pool. */
interface Pooled {
  readonly handle: SyncHandle;
  record: PoolName;
  /** Its record is not safe yet. */
  isUnsettled: boolean;
}

/** Each call costs as much as copying so many bytes: shorter pieces are gathered. */
const GATHER_BYTES = 65_536;
const HEADLESS = "headless.";
/** The serial of a file that has no record yet. */
const NEW = 0;

/** What a browser threw at that file or directory, as a StorageError that names it. */
export function storageErrorOf(path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const kind = error instanceof Error ? error.name : "";
  const why = error instanceof Error ? error.message : String(error);
  const code = kind === "QuotaExceededError" ? "HM_STORAGE_FULL" : "HM_STORAGE_FAILED";
  return new StorageError(code, `${path}: ${kind}: ${why}`, { cause: error });
}

/** Runs `call`; what it throws comes out as a StorageError that names the file. */
function attempt<Result>(name: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw storageErrorOf(name, error);
  }
}

/** Whether a file without a name is as it has to be. */
function isClean({ record, handle }: Pooled): boolean {
  return record.serial !== NEW && handle.getSize() <= HEAD_BYTES;
}

/** The files of one journal. */
export class HandlePool implements Storage {
  readonly #directory: string;
  readonly #lease: Lease;
  readonly #files: Pooled[] = [];
  #serial = 0;

  /** `directory` is for people; `lease` keeps others out, and was taken already. */
  constructor(directory: string, handles: readonly SyncHandle[], lease: Lease) {
    this.#directory = directory;
    this.#lease = lease;
    for (const handle of handles) this.#files.push(this.#read(handle, this.#files.length));
    this.#serial = Math.max(0, ...this.#files.map(({ record }) => record.serial));
    this.#settle();
  }

  /** Adds a file that is empty. Throws a StorageError if there is no space even for its record. */
  add(handle: SyncHandle): void {
    const file = this.#read(handle, this.#files.length);
    this.#free(file);
    this.#files.push(file);
  }

  /** Files without a name. */
  get free(): number {
    return this.#files.filter(({ record }) => record.name === "").length;
  }

  #read(handle: SyncHandle, number: number): Pooled {
    const head = new Uint8Array(HEAD_BYTES);
    const record = attempt(this.#directory, () => {
      const bytes = handle.read(head, { at: 0 });
      return decodeName(head.subarray(0, bytes));
    });
    const isHeadless = record === undefined && handle.getSize() > HEAD_BYTES;
    const none: PoolName = { name: isHeadless ? HEADLESS + number : "", serial: NEW, slot: 1 };
    return { handle, record: record ?? none, isUnsettled: false };
  }

  /** Ends what a crash has left: a name that two files have, and bytes in a free file. */
  #settle(): void {
    const newest = this.#files.toSorted((one, other) => other.record.serial - one.record.serial);
    const names = new Set<string>();
    for (const file of newest) {
      const { name } = file.record;
      if (name !== "" && !names.has(name)) names.add(name);
      else if (name !== "" || !isClean(file)) this.#free(file);
    }
  }

  #find(name: string): Pooled | undefined {
    return this.#files.find(({ record }) => record.name === name);
  }

  #found(name: string): Pooled {
    const file = name === "" ? undefined : this.#find(name);
    if (file !== undefined) return file;
    throw new StorageError("HM_STORAGE_FAILED", `${this.#path(name)}: there is no such file`);
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  /** Gives it another name, which is not safe yet. */
  #name(file: Pooled, name: string): void {
    const bytes = new TextEncoder().encode(name).length;
    if (bytes > NAME_BYTES_MAX) {
      throw new StorageError("HM_STORAGE_FAILED", `${this.#path(name)}: the name is too long`);
    }
    this.#serial += 1;
    const record: PoolName = { name, serial: this.#serial, slot: file.record.slot === 0 ? 1 : 0 };
    file.isUnsettled = true;
    const head = encodeName(record);
    const path = this.#path(name);
    const written = attempt(path, () => file.handle.write(head, { at: positionOf(record) }));
    // The name that counted before still does, and is written over the next time again.
    if (written < head.length) {
      throw new StorageError("HM_STORAGE_FULL", `${path}: there is no space for its name`);
    }
    file.record = record;
  }

  /** Nothing old may show under its next name, so it is emptied at once, and safely. */
  #free(file: Pooled): void {
    const path = this.#path(file.record.name);
    if (file.record.name !== "" || file.record.serial === NEW) {
      this.#name(file, "");
      this.#flush(file, path);
    }
    attempt(path, () => file.handle.truncate(HEAD_BYTES));
    this.#flush(file, path);
  }

  #flush(file: Pooled, path: string): void {
    attempt(path, () => file.handle.flush());
    file.isUnsettled = false;
  }

  list(): readonly string[] {
    return this.#files.flatMap(({ record: { name } }) => (name === "" ? [] : [name]));
  }

  open(name: string): StorageFile {
    const file = this.#found(name);
    return this.#opened(file);
  }

  create(name: string): StorageFile {
    if (this.#find(name) !== undefined) {
      throw new StorageError("HM_STORAGE_FAILED", `${this.#path(name)}: there is a file of it`);
    }
    const file = this.#files.find(({ record }) => record.name === "");
    if (file === undefined) {
      const why = `all ${this.#files.length} files of the pool are in use`;
      throw new StorageError("HM_STORAGE_FULL", `${this.#path(name)}: ${why}`);
    }
    this.#name(file, name);
    return this.#opened(file);
  }

  rename(from: string, to: string): void {
    const file = this.#found(from);
    const replaced = this.#find(to);
    this.#name(file, to);
    if (replaced === undefined || replaced === file) return;
    this.#flush(file, this.#path(to));
    this.#free(replaced);
  }

  remove(name: string): void {
    this.#free(this.#found(name));
  }

  syncDirectory(): void {
    for (const file of this.#files) {
      if (file.isUnsettled) this.#flush(file, this.#path(file.record.name));
    }
  }

  lease(): Promise<Lease> {
    return Promise.resolve(this.#lease);
  }

  /** Closes all files; nothing of the pool may be used any more. */
  close(): void {
    for (const { handle } of this.#files) handle.close();
  }

  #opened(file: Pooled): StorageFile {
    return new PooledFile(file, (name) => this.#path(name));
  }
}

/** A file of a pool, as the journal has it: until it is removed. */
class PooledFile implements StorageFile {
  readonly #file: Pooled;
  readonly #pathOf: (name: string) => string;

  constructor(file: Pooled, pathOf: (name: string) => string) {
    this.#file = file;
    this.#pathOf = pathOf;
  }

  #attempt<Result>(call: (handle: SyncHandle) => Result): Result {
    const { handle, record } = this.#file;
    return attempt(this.#pathOf(record.name), () => call(handle));
  }

  get size(): number {
    return this.#attempt((handle) => Math.max(0, handle.getSize() - HEAD_BYTES));
  }

  read(position: number, into: Uint8Array): number {
    return this.#attempt((handle) => handle.read(into, { at: HEAD_BYTES + position }));
  }

  write(position: number, pieces: readonly Uint8Array[]): number {
    return this.#attempt((handle) => {
      let done = 0;
      for (const bytes of gathered(pieces)) {
        const count = handle.write(bytes, { at: HEAD_BYTES + position + done });
        done += count;
        if (count < bytes.length) break;
      }
      return done;
    });
  }

  sync(): void {
    this.#attempt((handle) => handle.flush());
    this.#file.isUnsettled = false;
  }

  /** The pool has it open as long as it is open itself. */
  close(): void {
    return undefined;
  }
}

/** The same bytes in fewer pieces. */
function* gathered(pieces: readonly Uint8Array[]): Iterable<Uint8Array> {
  const buffer = new Uint8Array(GATHER_BYTES);
  let filled = 0;
  for (const piece of pieces) {
    if (filled + piece.length > GATHER_BYTES) {
      if (filled > 0) yield buffer.slice(0, filled);
      filled = 0;
    }
    if (piece.length > GATHER_BYTES) yield piece;
    else {
      buffer.set(piece, filled);
      filled += piece.length;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
