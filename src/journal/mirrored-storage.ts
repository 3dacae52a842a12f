/* MirroredStorage: a storage that notes what is done to the journal's segments, so that a copy can
 * be kept elsewhere.
 *
 * What is noted are operations on files, in the order in which they were made (remote-log.ts): that
 * a segment is there, what was written to it, that it is gone. Spares, hints and the lease are
 * this machine's own. Operations are given away only when all of them are safe here. So the copy is
 * never ahead of this directory, and any part of the operations from the first on is a directory
 * that a crash could have left.
 *
 * Bytes are copied: pieces of a write are views of rings that are freed. Writes that follow on each
 * other become one operation. Used by the committer, who alone writes then.
 */
import { segmentNumber } from "./format.ts";
import type { RemoteOperation } from "../remote-log.ts";
import type { Lease, Storage, StorageFile } from "../storage.ts";

/** Takes operations that are safe here. */
export type Give = (operations: readonly RemoteOperation[]) => void;

/** Bytes that one write may have elsewhere; what is longer becomes several. */
export const WRITE_BYTES_MAX = 1_048_576;

function isOfJournal(name: string): boolean {
  return segmentNumber(name) !== undefined;
}

/** A storage of which a copy is kept. */
export class MirroredStorage implements Storage {
  readonly #local: Storage;
  readonly #give: Give;
  #operations: RemoteOperation[] = [];
  /** Pieces of the write that is the last operation. */
  #writing: Writing | undefined;
  /** Segments with writes that are not synced. */
  readonly #unsynced = new Set<string>();
  #isDirectorySynced = true;

  constructor(local: Storage, give: Give) {
    this.#local = local;
    this.#give = give;
  }

  /** Whether everything has been given away. */
  get isClean(): boolean {
    return this.#operations.length === 0 && this.#writing === undefined;
  }

  list(): readonly string[] {
    return this.#local.list();
  }

  open(name: string, write: boolean): StorageFile {
    const file = this.#local.open(name, write);
    return write && isOfJournal(name) ? new MirroredFile(file, name, this) : file;
  }

  create(name: string): StorageFile {
    const file = this.#local.create(name);
    if (!isOfJournal(name)) return file;
    this.#add({ kind: "create", file: name, bytes: 0 });
    this.#isDirectorySynced = false;
    return new MirroredFile(file, name, this);
  }

  rename(from: string, to: string): void {
    this.#local.rename(from, to);
    if (isOfJournal(from)) this.#removed(from);
    if (isOfJournal(to)) this.#add({ kind: "create", file: to, bytes: this.#sizeOf(to) });
    if (isOfJournal(from) || isOfJournal(to)) this.#isDirectorySynced = false;
  }

  remove(name: string): void {
    this.#local.remove(name);
    if (!isOfJournal(name)) return;
    this.#removed(name);
    this.#isDirectorySynced = false;
  }

  syncDirectory(): void {
    this.#local.syncDirectory();
    this.#isDirectorySynced = true;
    this.#giveAway();
  }

  lease(): Promise<Lease> {
    return this.#local.lease();
  }

  /** Bytes were written to a segment; for its files. */
  wrote(name: string, position: number, bytes: Uint8Array): void {
    this.#unsynced.add(name);
    let done = 0;
    while (done < bytes.length) {
      const writing = this.#writingAt(name, position + done);
      const part = bytes.subarray(done, done + WRITE_BYTES_MAX - writing.bytes);
      writing.pieces.push(part);
      writing.bytes += part.length;
      done += part.length;
    }
  }

  /** The write that goes on there. */
  #writingAt(file: string, position: number): Writing {
    const last = this.#writing;
    const isNext = last?.file === file && last.position + last.bytes === position;
    if (last !== undefined && isNext && last.bytes < WRITE_BYTES_MAX) return last;
    this.#endWriting();
    return (this.#writing = { file, position, bytes: 0, pieces: [] });
  }

  /** A segment was synced; for its files. */
  synced(name: string): void {
    this.#unsynced.delete(name);
    this.#giveAway();
  }

  #removed(name: string): void {
    this.#unsynced.delete(name);
    this.#add({ kind: "remove", file: name });
  }

  #add(operation: RemoteOperation): void {
    this.#endWriting();
    this.#operations.push(operation);
  }

  #endWriting(): void {
    const writing = this.#writing;
    if (writing === undefined) return;
    const { file, position, pieces, bytes } = writing;
    this.#writing = undefined;
    this.#operations.push({ kind: "write", file, position, body: joined(pieces, bytes) });
  }

  #sizeOf(name: string): number {
    const file = this.#local.open(name, false);
    try {
      return file.size;
    } finally {
      file.close();
    }
  }

  #giveAway(): void {
    if (this.#unsynced.size > 0 || !this.#isDirectorySynced || this.isClean) return;
    this.#endWriting();
    const operations = this.#operations;
    this.#operations = [];
    this.#give(operations);
  }
}

/** A write that may go on. */
interface Writing {
  readonly file: string;
  readonly position: number;
  bytes: number;
  readonly pieces: Uint8Array[];
}

/** Pieces of so many bytes as one; a single one as it is. */
export function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return body;
}

/** One segment of which a copy is kept. */
class MirroredFile implements StorageFile {
  readonly #file: StorageFile;
  readonly #name: string;
  readonly #storage: MirroredStorage;

  constructor(file: StorageFile, name: string, storage: MirroredStorage) {
    this.#file = file;
    this.#name = name;
    this.#storage = storage;
  }

  get size(): number {
    return this.#file.size;
  }

  read(position: number, into: Uint8Array): number {
    return this.#file.read(position, into);
  }

  write(position: number, pieces: readonly Uint8Array[]): number {
    const count = this.#file.write(position, pieces);
    this.#storage.wrote(this.#name, position, firstOf(pieces, count));
    return count;
  }

  sync(): void {
    this.#file.sync();
    this.#storage.synced(this.#name);
  }

  close(): void {
    this.#file.close();
  }
}

/** A copy of the first `count` bytes of the pieces. */
function firstOf(pieces: readonly Uint8Array[], count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let at = 0;
  for (const piece of pieces) {
    if (at === count) break;
    const part = piece.subarray(0, count - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
