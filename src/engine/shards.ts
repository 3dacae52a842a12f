/* Shards: making the memories of all shards once, and opening a handle on each of them in every
 * thread.
 *
 * A tube belongs to a shard by the hash of its name, for the life of the process. The memory cap is
 * one number for the whole server, which the shards share (page-budget.ts): one busy tube may have
 * nearly all of it. What a shard needs to exist at all, the threads' areas and the journal's ring,
 * is not counted.
 */

import * as C from "../../assembly/constants.ts";
import { DEFAULT_TUBE } from "../protocol/tube-name.ts";
import { KeyBoard, makeBoard } from "./key-board.ts";
import { PageBudget, pageCounts } from "./page-budget.ts";
import { Shard } from "./shard.ts";
import { Wakes } from "./wakes.ts";

/** Pages that a memory has at least when it is made: what the module's import asks for. */
const PAGES_MIN = 64;
/** Pages beside the threads' areas that a shard has from the beginning, and may use at least. */
const PAGES_FIRST = 16;
/** Pages that a memory can have at most: 4 GiB. */
const PAGES_MAX = 65536;

/** What the main thread hands to every I/O thread; it can be posted. */
export interface ShardMemories {
  readonly module: WebAssembly.Module;
  readonly memories: readonly WebAssembly.Memory[];
  /**
   * Threads that the memories have areas for: the I/O threads, and the committer when there is a
   * journal.
   */
  readonly threads: number;
  /** Bytes of each shard's journal ring, 0 without a journal. */
  readonly ringBytes: number;
  /** What the jobs and tables of all shards together may take, in bytes. */
  readonly capBytes: number;
  /** The pages that no shard has in its budget; see page-budget.ts. */
  readonly pagesLeft: SharedArrayBuffer;
  /** What jobs of all shards have in common; see key-board.ts. */
  readonly board: WebAssembly.Memory;
}

/**
 * Makes `shards` empty shards (a power of two) for `threads` threads, with `memoryBytes` for all of
 * them together, and a journal ring of `ringBytes` (whole pages) each, 0 for none. Their memories
 * may grow to `growthBytes` together: one half is for the shards that need it first, the other is
 * reserved in equal shares. What the shards need for a first tube is not refused, however small the
 * cap.
 */
export function makeShards(
  module: WebAssembly.Module,
  shards: number,
  threads: number,
  memoryBytes: number,
  ringBytes = 0,
  growthBytes = Infinity,
): ShardMemories {
  const journal = ringBytes === 0 ? 0 : C.JOURNAL_BYTES + ringBytes;
  const areas = (C.THREADS_BASE + threads * C.THREAD_BYTES + journal) / C.PAGE_BYTES;
  const pages = Math.max(PAGES_MIN, areas + PAGES_FIRST);
  const inPages = (bytes: number): number => {
    const asked = Math.floor(bytes / C.PAGE_BYTES);
    return Math.max(shards * PAGES_FIRST, Math.min(asked, shards * PAGES_MAX));
  };
  const cap = inPages(memoryBytes);
  const growth = inPages(growthBytes);
  const pagesLeft = pageCounts(cap, growth);
  const memories = Array.from(
    { length: shards },
    () => new WebAssembly.Memory({ initial: pages, maximum: PAGES_MAX, shared: true }),
  );
  const capBytes = cap * C.PAGE_BYTES;
  const board = makeBoard();
  const made = { module, memories, threads, ringBytes, capBytes, pagesLeft, board };
  const opened = openShards(made, 0);
  for (const shard of opened) {
    shard.open(shard.index, threads, ringBytes, pages, 0);
    shard.reserveGrowth(Math.floor(growth / 2 / shards));
  }
  pinDefault(opened);
  for (const shard of opened) shard.beginBudget();
  return made;
}

/**
 * Bytes that one command may write into a ring: the longest record, and as much again where the
 * ring ends.
 */
const COMMAND_BYTES = 4 * C.PART_BODY_BYTES;
/** Bytes of a ring, unless that is more than its part of a segment, or less than it must have. */
const RING_BYTES = 2_097_152;
/** Bytes of a record beside the body or the message that it holds, names and tags included. */
const RECORD_AROUND_BYTES = 2048;
/** A result is recorded if it takes no more than one part in so many of a segment. */
const RESULT_PART = 16;

/**
 * Bytes of a ring that must be free before a command may run: each of `threads` threads may be
 * about to run one.
 */
function ringReserveFor(threads: number): number {
  return threads * COMMAND_BYTES;
}

/** Bytes in a ring that commands never wait for. */
const UNLIMITED_BYTES = 16_384;

/**
 * Bytes of the ring of each of `shards` shards of a server with that many threads: no more in all
 * rings than in a segment, if that can be.
 */
export function ringBytesFor(threads: number, shards = 1, segmentBytes = Infinity): number {
  const least = ringReserveFor(threads) + COMMAND_BYTES;
  const part = Math.floor(segmentBytes / shards / C.PAGE_BYTES) * C.PAGE_BYTES;
  return Math.max(least, Math.min(RING_BYTES, part));
}

/**
 * Bytes that may stand in a ring for commands to run: in all of them together no more than an
 * eighth of a segment, if that can be, because what stands in them must find a place on a disk that
 * is full.
 */
function ringLimitFor(
  { threads, memories, ringBytes }: ShardMemories,
  segmentBytes: number,
): number {
  const part = Math.floor(segmentBytes / 8 / memories.length / 8) * 8;
  return Math.min(ringBytes - ringReserveFor(threads), Math.max(UNLIMITED_BYTES, part));
}

/**
 * Most bytes of records that may stand in the rings, or still come there, when puts begin to be
 * refused. Each ring may be at its limit, and each thread may have gone beyond that with a record;
 * each but the committer's may just have seen that puts are taken, and do the same once more; and
 * at the ends of two segments the next record may not fit. No record is longer than `recordBytes`.
 */
export function comingBytesMax(
  made: ShardMemories,
  segmentBytes: number,
  recordBytes: number,
): number {
  const { threads, memories } = made;
  const limit = ringLimitFor(made, segmentBytes);
  const once = threads * recordBytes;
  const again = (threads - 1) * (limit + recordBytes);
  return memories.length * limit + once + again + 2 * recordBytes;
}

/**
 * Longest result that is recorded, in bytes. Of short segments only a small part, because what is
 * kept free on a disk that becomes full must suffice for the longest records that still come.
 */
export function resultBytesMax(segmentBytes: number): number {
  return Math.min(C.RESULT_BYTES_MAX, Math.floor(segmentBytes / RESULT_PART));
}

/**
 * Bytes of the longest record where bodies, messages and results have no more than so many. A
 * batch writes no more than that of bodies at once; what it writes besides is a few records for
 * each of its jobs, and the journal's reserve has that for every job.
 */
export function recordBytesMax(
  maxJobBytes: number,
  maxFailureBytes: number,
  maxResultBytes: number,
): number {
  const whole = Math.min(2 * C.PART_BODY_BYTES, maxJobBytes);
  return Math.max(C.PART_BODY_BYTES, whole, maxFailureBytes, maxResultBytes) + RECORD_AROUND_BYTES;
}

/** What the journal of each shard is opened with. */
export interface JournalOpening {
  /** Bytes of a segment of the journal; absent: nobody writes to one. */
  readonly segmentBytes?: number;
  /** Wall clock, in microseconds since 1970, at the engine's time 0. */
  readonly wallBaseMicros: number;
  /** Every release writes a record: delays and priorities are in the primary tier. */
  readonly keepsReleases: boolean;
  /** What replies wait for, ACK_*; ACK_SYNC if absent. */
  readonly promises?: number;
}

/**
 * Says how many failures each job keeps, 0 for none; before any other thread touches the shards.
 */
export function keepFailures(made: ShardMemories, most: number): void {
  for (const shard of openShards(made, 0)) shard.keepFailures(most);
}

/** Opens the journal of each shard; before any other thread touches them. */
export function openJournals(made: ShardMemories, opening: JournalOpening): void {
  const { wallBaseMicros, keepsReleases, segmentBytes = Infinity } = opening;
  const { promises = C.ACK_SYNC } = opening;
  const reserve = made.ringBytes - ringLimitFor(made, segmentBytes);
  for (const shard of openShards(made, 0)) {
    const keeps = keepsReleases ? 1 : 0;
    shard.openJournal(reserve, C.PART_BODY_BYTES, made.memories.length, wallBaseMicros, keeps);
    shard.promise(promises);
  }
}

/** Opens thread `thread`'s handles on all shards. */
export function openShards(made: ShardMemories, thread: number): readonly Shard[] {
  const budget = new PageBudget(made.pagesLeft);
  const board = new KeyBoard(made.board, () => budget.countPage());
  const wakes = new Wakes();
  const shards = made.memories.map(
    (memory, index) =>
      new Shard(index, thread, made.threads, made.module, memory, budget, board, wakes),
  );
  budget.serve(shards);
  board.serve(shards);
  return shards;
}

function pinDefault(shards: readonly Shard[]): void {
  const name = new TextEncoder().encode(DEFAULT_TUBE);
  const shard = shards[shardOfTube(name, 0, name.length, shards.length)];
  if (shard === undefined) return;
  shard.input.set(name);
  shard.pinTube(0, name.length, shards[0]?.nextNumber() ?? 1);
}

/** The hash of a tube's name bytes[start, end): FNV-1a, folded, 32 bits. */
export function tubeHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Which of `shards` (a power of two) the tube named bytes[start, end) belongs to. */
export function shardOfTube(bytes: Uint8Array, start: number, end: number, shards: number): number {
  return tubeHash(bytes, start, end) & (shards - 1);
}
