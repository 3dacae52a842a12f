/* SimulatedDisk: a Storage that forgets what was not synced, fails and fills up, as its seed says.
 *
 * Of each file it keeps the image that is safe, the image that programs see, and the writes between
 * the two. When the power goes, each 512-byte sector of such a write is kept or lost by itself, in
 * any combination, and so is each change of a directory entry that was not synced. When only the
 * process goes, everything written stays. A failed sync either keeps the writes for the next one,
 * or drops them and says nothing more (as Linux does). Where files are copied on write, writing
 * over what is there takes new blocks, and the old ones come back only later. `onCall` is asked
 * before each call and may throw: a crash at that very point.
 */
import type { Lease, Storage, StorageFailure, StorageFile } from "../../src/storage.ts";
import { StorageError } from "../../src/storage.ts";

const SECTOR = 512;
/** What is copied on write is copied in blocks. */
const BLOCK = 4096;

/** The machine stopped at this call. */
export class Crash extends Error {
  override readonly name = "Crash";
  readonly code = "HM_TEST_CRASH";
}

/** Which failures can happen, each once in so many calls; 0 for never. */
export interface Faults {
  readonly sync: number;
  /**
   * Of failed syncs: whether what they should have synced is dropped, and counts as synced from
   * then on.
   */
  readonly dropsOnSync: boolean;
  readonly write: number;
  readonly shortWrite: number;
  readonly read: number;
  readonly shortRead: number;
  /**
   * There is no space for it, whatever it is that changes a file or a name: as where files are
   * copied on write, or a quota is spent.
   */
  readonly refusal: number;
  /** Space that all files together may take, in bytes. */
  readonly capacity: number;
  /**
   * Whether files are copied on write, and until when the older copy of a block takes space too:
   * until the file is synced, or until all of the file has been written over.
   */
  readonly copies: "never" | "untilSynced" | "untilWhole";
}

/** Nothing ever fails. */
export const NO_FAULTS: Faults = {
  sync: 0,
  dropsOnSync: false,
  write: 0,
  shortWrite: 0,
  read: 0,
  shortRead: 0,
  refusal: 0,
  capacity: Infinity,
  copies: "never",
};

/** What a call is about to do. */
export type CallKind =
  | "list"
  | "open"
  | "create"
  | "rename"
  | "remove"
  | "syncDirectory"
  | "read"
  | "write"
  | "sync"
  | "size"
  | "close";

/** The class of errors that the code under test knows. */
type ErrorClass = new (code: StorageFailure, message: string) => Error;

interface Write {
  readonly position: number;
  readonly bytes: Uint8Array;
  /** A sync failed and dropped it: programs see it, the disk never will. */
  dropped: boolean;
}

interface Inode {
  safe: Uint8Array;
  seen: Uint8Array;
  writes: Write[];
  /** Blocks of which an older copy takes space too. */
  twice: Set<number>;
}

/** A file of the simulated disk without bytes. */
function emptyInode(): Inode {
  return { safe: new Uint8Array(0), seen: new Uint8Array(0), writes: [], twice: new Set() };
}

type DirectoryChange =
  | { readonly kind: "create"; readonly name: string; readonly inode: Inode }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly name: string };

/** `bytes` with at least `length` bytes, zeros behind. */
function atLeast(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes;
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

function apply(names: Map<string, Inode>, change: DirectoryChange): void {
  if (change.kind === "create") names.set(change.name, change.inode);
  else if (change.kind === "remove") names.delete(change.name);
  else {
    const inode = names.get(change.from);
    if (inode === undefined) return;
    names.delete(change.from);
    names.set(change.to, inode);
  }
}

class SimulatedFile implements StorageFile {
  readonly #disk: SimulatedDisk;
  readonly #inode: Inode;
  readonly #name: string;
  #isOpen = true;

  constructor(disk: SimulatedDisk, inode: Inode, name: string) {
    this.#disk = disk;
    this.#inode = inode;
    this.#name = name;
  }

  #call(kind: CallKind): void {
    if (!this.#isOpen) throw new Error(`${kind} of ${this.#name}, which is closed`);
    this.#disk.call(kind, this.#name);
  }

  get size(): number {
    this.#call("size");
    return this.#inode.seen.length;
  }

  read(position: number, into: Uint8Array): number {
    this.#call("read");
    return this.#disk.readFrom(this.#inode, position, into, this.#name);
  }

  write(position: number, pieces: readonly Uint8Array[]): number {
    const bytes = Buffer.concat(pieces);
    try {
      this.#call("write");
    } catch (error) {
      // A crash in the middle of a write: some of it may be there.
      if (error instanceof Crash) this.#disk.writeSome(this.#inode, position, bytes);
      throw error;
    }
    return this.#disk.writeTo(this.#inode, position, bytes, this.#name);
  }

  sync(): void {
    this.#call("sync");
    this.#disk.syncFile(this.#inode, this.#name);
  }

  close(): void {
    this.#call("close");
    this.#isOpen = false;
  }
}

/** A disk with one directory. */
export class SimulatedDisk implements Storage {
  /** Asked before each call; throws a Crash to stop the machine there. */
  onCall: (kind: CallKind, name: string) => void = () => {};
  faults: Faults = NO_FAULTS;
  /** How many calls there were. */
  calls = 0;
  /** It may only be read. */
  isReadOnly = false;
  /** Stretches of files that cannot be read, by their names. */
  unreadable: readonly { readonly name: string; readonly from: number; readonly to: number }[] = [];
  readonly #random: (below: number) => number;
  readonly #failure: ErrorClass;
  #names = new Map<string, Inode>();
  #safeNames = new Map<string, Inode>();
  #changes: DirectoryChange[] = [];

  constructor(random: (below: number) => number, failure: ErrorClass = StorageError) {
    this.#random = random;
    this.#failure = failure;
  }

  /** Counts a call; for its files. */
  call(kind: CallKind, name: string): void {
    this.calls++;
    this.onCall(kind, name);
  }

  #chance(odds: number): boolean {
    return odds > 0 && this.#random(odds) === 0;
  }

  #fail(code: StorageFailure, what: string): never {
    throw new this.#failure(code, `simulated: ${what}`);
  }

  #inode(name: string): Inode {
    return this.#names.get(name) ?? this.#fail("HM_STORAGE_FAILED", `${name} is not there`);
  }

  /** Bytes of all files, and of what copies of them take. */
  get bytes(): number {
    let sum = 0;
    for (const { seen, twice } of this.#names.values()) sum += seen.length + twice.size * BLOCK;
    return sum;
  }

  /** Names of all files, without being a call. */
  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** What programs see of a file; changing it changes the disk. Without being a call. */
  image(name: string): Uint8Array {
    const inode = this.#inode(name);
    this.#settle(inode);
    return inode.seen;
  }

  /** What programs see of a file, only to look at. Without being a call. */
  seen(name: string): Uint8Array {
    return this.#inode(name).seen;
  }

  list(): readonly string[] {
    this.call("list", "");
    return this.names;
  }

  #mustBeWritable(name: string): void {
    if (this.isReadOnly) this.#fail("HM_STORAGE_READ_ONLY", name);
  }

  /** A name can be made, changed or removed. */
  #mustHaveSpace(what: string): void {
    if (this.#chance(this.faults.refusal)) this.#fail("HM_STORAGE_FULL", what);
  }

  open(name: string, write: boolean): StorageFile {
    this.call("open", name);
    if (write) this.#mustBeWritable(name);
    return new SimulatedFile(this, this.#inode(name), name);
  }

  create(name: string): StorageFile {
    this.call("create", name);
    this.#mustBeWritable(name);
    this.#mustHaveSpace(`create ${name}`);
    if (this.#names.has(name)) this.#fail("HM_STORAGE_FAILED", `${name} exists`);
    if (this.bytes >= this.faults.capacity) this.#fail("HM_STORAGE_FULL", `create ${name}`);
    const inode = emptyInode();
    this.#change({ kind: "create", name, inode });
    return new SimulatedFile(this, inode, name);
  }

  rename(from: string, to: string): void {
    this.call("rename", from);
    this.#mustBeWritable(from);
    this.#mustHaveSpace(`rename ${from}`);
    this.#inode(from);
    this.#change({ kind: "rename", from, to });
  }

  remove(name: string): void {
    this.call("remove", name);
    this.#mustBeWritable(name);
    this.#mustHaveSpace(`remove ${name}`);
    this.#inode(name);
    this.#change({ kind: "remove", name });
  }

  #change(change: DirectoryChange): void {
    apply(this.#names, change);
    this.#changes.push(change);
  }

  syncDirectory(): void {
    this.call("syncDirectory", "");
    if (this.#chance(this.faults.sync)) this.#fail("HM_STORAGE_FAILED", "sync of the directory");
    this.#keepNames();
  }

  #keepNames(): void {
    this.#safeNames = new Map(this.#names);
    this.#changes = [];
  }

  /** Bytes of files whose removal is not safe: who uses their space makes it so. */
  get #removedBytes(): number {
    const kept = new Set(this.#names.values());
    const removed = [...this.#safeNames.values()].filter((inode) => !kept.has(inode));
    return removed.reduce((sum, { seen }) => sum + seen.length, 0);
  }

  async lease(): Promise<Lease> {
    return { weakness: undefined, renew: async () => undefined, release: () => undefined };
  }

  /** Reads; for its files. */
  readFrom(inode: Inode, position: number, into: Uint8Array, name: string): number {
    const end = position + into.length;
    const isBad = this.unreadable.some(
      (bad) => bad.name === name && bad.from < end && bad.to > position,
    );
    if (isBad || this.#chance(this.faults.read)) this.#fail("HM_STORAGE_FAILED", `read of ${name}`);
    let count = Math.max(0, Math.min(into.length, inode.seen.length - position));
    if (count > 1 && this.#chance(this.faults.shortRead)) count = 1 + this.#random(count - 1);
    into.set(inode.seen.subarray(position, position + count));
    return count;
  }

  /** Writes; for its files. */
  writeTo(inode: Inode, position: number, bytes: Uint8Array, name: string): number {
    if (this.#chance(this.faults.write)) {
      this.writeSome(inode, position, bytes);
      this.#fail("HM_STORAGE_FAILED", `write to ${name}`);
    }
    if (this.#chance(this.faults.refusal)) {
      this.writeSome(inode, position, bytes);
      this.#fail("HM_STORAGE_FULL", `write to ${name}`);
    }
    let count = this.#fitting(inode, position, bytes.length);
    if (count <= 0 && bytes.length > 0) this.#fail("HM_STORAGE_FULL", `write to ${name}`);
    if (count > 1 && this.#chance(this.faults.shortWrite)) count = 1 + this.#random(count - 1);
    if (this.faults.copies !== "never") this.#copy(inode, position, position + count);
    this.#write(inode, position, bytes.subarray(0, count));
    return count;
  }

  /** How many of so many bytes there is space for. */
  #fitting(inode: Inode, position: number, length: number): number {
    const { capacity, copies } = this.faults;
    let left = capacity - this.bytes;
    if (copies !== "never" && left < length + this.#removedBytes) this.#keepNames();
    const old = copies === "never" ? 0 : Math.min(position + length, inode.seen.length);
    let end = position;
    while (end < old) {
      const block = Math.floor(end / BLOCK);
      if (!inode.twice.has(block)) left -= BLOCK;
      if (left < 0) return end - position;
      end = (block + 1) * BLOCK;
    }
    const growth = Math.max(0, position + length - inode.seen.length);
    return growth > 0 ? Math.min(length, length - growth + left) : length;
  }

  /** Older copies of blocks are there from now on; those of a whole file are nobody's. */
  #copy(inode: Inode, from: number, to: number): void {
    const end = Math.min(to, inode.seen.length);
    for (let at = from; at < end; at = (Math.floor(at / BLOCK) + 1) * BLOCK) {
      inode.twice.add(Math.floor(at / BLOCK));
    }
    if (inode.twice.size * BLOCK >= inode.seen.length) inode.twice.clear();
  }

  /** The first bytes of a write that did not come to its end. */
  writeSome(inode: Inode, position: number, bytes: Uint8Array): void {
    const count = this.#random(bytes.length + 1);
    if (count > 0 && position + count <= inode.seen.length) {
      this.#write(inode, position, bytes.subarray(0, count));
    }
  }

  #write(inode: Inode, position: number, bytes: Uint8Array): void {
    inode.seen = atLeast(inode.seen, position + bytes.length);
    inode.seen.set(bytes, position);
    inode.writes.push({ position, bytes, dropped: false });
  }

  /** Syncs; for its files. */
  syncFile(inode: Inode, name: string): void {
    if (this.#chance(this.faults.sync)) {
      if (this.faults.dropsOnSync) for (const write of inode.writes) write.dropped = true;
      this.#fail("HM_STORAGE_FAILED", `sync of ${name}`);
    }
    this.#settle(inode);
    if (this.faults.copies === "untilSynced") inode.twice.clear();
  }

  /** Everything written since the last sync is safe, but for what a failed sync dropped. */
  #settle(inode: Inode): void {
    const dropped: Write[] = [];
    for (const write of inode.writes) {
      if (write.dropped) {
        dropped.push(write);
        continue;
      }
      inode.safe = atLeast(inode.safe, write.position + write.bytes.length);
      inode.safe.set(write.bytes, write.position);
    }
    inode.writes = dropped;
  }

  /** The process is gone; what it wrote stays. */
  stopProcess(): void {
    this.onCall = () => {};
  }

  /** How many writes there are that are not safe. */
  get unsynced(): number {
    let sum = 0;
    for (const { writes } of this.#names.values()) sum += writes.length;
    return sum;
  }

  /**
   * The power goes. `survives` chooses, for each unsynced write in turn, whether it comes through:
   * all of it, nothing, or "torn" sector by sector; left out, chance decides.
   */
  cutPower(survives?: (index: number) => boolean | "torn"): void {
    this.onCall = () => {};
    this.#cutDirectory(survives !== undefined);
    let index = 0;
    const inodes = new Set(this.#names.values());
    const mood = this.#random(4); // all sectors, no sectors, or by chance
    for (const inode of inodes) {
      for (const write of inode.writes) {
        const fate = survives?.(index++) ?? (mood === 0 ? true : mood === 1 ? false : "torn");
        if (!write.dropped && fate !== false) this.#keepSectors(inode, write, fate === true);
      }
      inode.writes = [];
      inode.seen = inode.safe.slice();
    }
  }

  #keepSectors(inode: Inode, { position, bytes }: Write, whole: boolean): void {
    const odds = 1 + this.#random(4);
    let at = 0;
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + SECTOR - ((position + at) % SECTOR));
      if (whole || this.#random(odds) === 0) {
        inode.safe = atLeast(inode.safe, position + end);
        inode.safe.set(bytes.subarray(at, end), position + at);
      }
      at = end;
    }
  }

  /** Changes of the directory that were not synced: the first few, any of them, or all. */
  #cutDirectory(all: boolean): void {
    const names = new Map(this.#safeNames);
    const isOrdered = all || this.#random(2) === 0;
    let kept = all ? this.#changes.length : this.#random(this.#changes.length + 1);
    for (const change of this.#changes) {
      if (isOrdered ? kept-- > 0 : this.#random(2) === 0) apply(names, change);
    }
    this.#names = names;
    this.#safeNames = new Map(names);
    this.#changes = [];
  }

  /** Another disk with the same content, and the same of it safe. */
  copy(random = this.#random): SimulatedDisk {
    const copy = new SimulatedDisk(random, this.#failure);
    copy.isReadOnly = this.isReadOnly;
    copy.unreadable = this.unreadable;
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let made = copies.get(inode);
      if (made === undefined) {
        const writes = inode.writes.map((write) => ({ ...write }));
        const [safe, seen] = [inode.safe.slice(), inode.seen.slice()];
        made = { safe, seen, writes, twice: new Set(inode.twice) };
        copies.set(inode, made);
      }
      return made;
    };
    for (const [name, inode] of this.#names) copy.#names.set(name, copyOf(inode));
    for (const [name, inode] of this.#safeNames) copy.#safeNames.set(name, copyOf(inode));
    copy.#changes = this.#changes.map((change) =>
      change.kind === "create" ? { ...change, inode: copyOf(change.inode) } : change,
    );
    return copy;
  }
}
