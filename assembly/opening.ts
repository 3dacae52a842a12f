/* Opening: the exports with which the server makes a shard and keeps it going: memory, ids, the
 * ring and the segments of its journal.
 *
 * Nothing here is a command of a client. What says so is called once, before any other thread has
 * an instance; the positions of the journal are the committer's to move (src/journal/).
 * Conventions: index.ts.
 */
import {
  ACK_SYNC,
  DONE,
  FAILURES_KEPT,
  NEVER_MICROS,
  OUT_OF_MEMORY,
  RESULT_GROWTH,
  RESULT_PAGES,
} from "./constants";
import * as commands from "./commands";
import { crc32c, openCrc } from "./crc";
import { closeEmptyPages, firstPage, pagesMax } from "./memory";
import * as parts from "./parts";
import * as segments from "./segments";
import * as sweeping from "./sweep";
import * as table from "./table";
import {
  LISTS,
  Shard,
  breakLock as giveUpLock,
  directoryOf,
  enter,
  journalBase,
  ringBase,
  jobs,
  leave,
  must,
  setResult,
  shard,
  tubesByName,
  watches,
} from "./shard";

/**
 * Makes an empty shard of a memory of zeros. Called once, before any other thread has an instance.
 * `ringBytes` of room are left for a journal (`openJournal`). `pages` is the length of the memory,
 * `budgetPages` how many pages may be in use before a client is refused.
 */
export function open(index: u32, threads: u32, ringBytes: u32, pages: u32, budgetPages: u32): i32 {
  const s = shard();
  s.index = index;
  s.threads = threads;
  s.nextDue = NEVER_MICROS;
  s.ringBytes = ringBytes;
  s.topPage = firstPage();
  s.endPage = pages;
  s.budgetPages = budgetPages;
  s.growthPages = budgetPages;
  s.sweepList = LISTS;
  s.keepsFailures = FAILURES_KEPT;
  s.promises = ACK_SYNC;
  must(s.topPage < pages);
  const made =
    table.openTable(jobs(), directoryOf(0)) &&
    table.openTable(tubesByName(), directoryOf(1)) &&
    table.openTable(watches(), directoryOf(2));
  return made ? DONE : OUT_OF_MEMORY;
}

/**
 * Opens the journal of an empty shard that was opened with a ring. `reserveBytes` of the ring must
 * be free before a command may run: for each thread at least 4 * `partBytes`, which are the bytes
 * of a long body in one PART record. `wallBase` is the wall clock, in microseconds, at the engine's
 * time 0. Called before any other thread has an instance.
 */
export function openJournal(
  reserveBytes: u32,
  partBytes: u32,
  shards: u32,
  wallBase: f64,
  keepsReleases: u32,
): void {
  const s = shard();
  s.ringReserve = reserveBytes;
  s.partBytes = partBytes;
  s.shards = shards;
  s.wallBase = wallBase;
  s.keepsReleases = keepsReleases;
  openCrc();
}

/** What replies wait for, ACK_*; ACK_SYNC if nobody says. Called before any replay. */
export function promise(level: u32): void {
  shard().promises = level;
}

/**
 * Each job keeps its youngest `most` failures, 0 = none. Called before any other thread has an
 * instance.
 */
export function keepFailures(most: u32): void {
  shard().keepsFailures = most;
}

/** The stream goes on at position `lsn`: behind all that was replayed. */
export function startStream(lsn: f64): void {
  const s = shard();
  s.ringHead = <u64>lsn;
  s.ringTail = <u64>lsn;
  s.lsn = <u64>lsn;
  s.journalHead = lsn;
  s.journalTail = lsn;
}

/** The committer has written everything up to position `lsn`: its place in the ring is free. */
export function freeRing(t: u32, lsn: f64): i32 {
  enter();
  shard().ringTail = <u64>lsn;
  shard().journalTail = lsn;
  parts.freeSpent();
  return leave(t, DONE);
}

/**
 * Adds a segment that begins at position `first` of this shard's stream. The committer's, and
 * recovery's.
 */
export function addSegment(number: u32, first: f64): void {
  segments.addSegment(number, <u64>first);
}

/** Forgets a segment whose file is gone. The committer's. */
export function dropSegment(t: u32, number: u32): i32 {
  enter(); // `keep` and commands look segments up
  segments.dropSegment(number);
  return leave(t, DONE);
}

/**
 * Gives the records from one position of the stream to another their CRCs and counts them; see
 * segments.ts. The committer's.
 */
export function seal(from: f64, to: f64, salt: u32): f64 {
  return segments.seal(from, to, salt);
}

/** The highest id given out so far. Call it on shard 0. */
export function lastId(): f64 {
  return commands.lastId();
}

/** No id up to `id` is given out any more. Call it on shard 0, before anything else does. */
export function skipIds(id: f64): void {
  commands.skipIds(<u64>id);
}

/** CRC-32C of bytes in this memory, for the host's own frames. */
export function checksum(seed: u32, address: u32, bytes: u32): u32 {
  return crc32c(seed, address, bytes);
}

/** Where journalHead lies, an f64, journalTail behind it. */
export function journalHeadAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("journalHead"));
}

/**
 * Most bytes that may lie between the two for commands to run; NEVER_MICROS, which is more than
 * there can be, without a journal.
 */
export function ringLimit(): f64 {
  const s = shard();
  return s.ringBytes == 0 ? NEVER_MICROS : <f64>(s.ringBytes - s.ringReserve);
}

/** Where the ring lies. */
export function ringAddress(): u32 {
  return <u32>ringBase();
}

/** Where the table of segments lies. */
export function segmentsAddress(): u32 {
  return <u32>journalBase();
}

/** How many segments that table has. */
export function segmentCount(): u32 {
  return shard().segments;
}

/* The budget: src/engine/page-budget.ts shares it out. */

/** The memory may always grow by `pages`. Called before any other thread has an instance. */
export function reserveGrowth(pages: u32): void {
  shard().reservedPages = pages;
}

/** Allows `pages` more pages to be in use, and the memory to grow by `growth` for that. */
export function grantPages(t: u32, pages: u32, growth: u32): i32 {
  enter();
  shard().budgetPages += pages;
  shard().growthPages += growth;
  return leave(t, DONE);
}

/**
 * RESULT_PAGES: how many pages more than it has the shard's budget could be good for;
 * RESULT_GROWTH: how many of them need no growth.
 */
export function grantablePages(t: u32): i32 {
  enter();
  const s = shard();
  const most = pagesMax();
  setResult(t, RESULT_PAGES, s.budgetPages < most ? <f64>(most - s.budgetPages) : 0);
  const grown = s.growthPages;
  setResult(t, RESULT_GROWTH, s.budgetPages < grown ? <f64>(grown - s.budgetPages) : 0);
  return leave(t, DONE);
}

/**
 * Makes the budget what is in use, no more and no less, and the growth what was ever in use or is
 * reserved. RESULT_PAGES and RESULT_GROWTH: the pages of each that are given back; below 0, those
 * that were taken beyond it.
 */
export function settleBudget(t: u32): i32 {
  enter();
  closeEmptyPages();
  const s = shard();
  const grown = max(s.topPage - firstPage(), s.reservedPages);
  setResult(t, RESULT_PAGES, <f64>s.budgetPages - <f64>s.usedPages);
  setResult(t, RESULT_GROWTH, <f64>s.growthPages - <f64>grown);
  s.budgetPages = s.usedPages;
  s.growthPages = grown;
  return leave(t, DONE);
}

/** A step of emptying sparse pages; see sweep.ts. */
export function sweep(t: u32): i32 {
  enter();
  return leave(t, sweeping.step());
}

/** Something is wrong: whoever waits for the lock traps at once, instead of after its steps. */
export function breakLock(): void {
  giveUpLock();
}

/** Where in the memory the f64 lies that says when `tick` has something to do. */
export function nextDueAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("nextDue"));
}

/** Where the u32 lies that says how many tubes there are. */
export function tubesAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("tubes"));
}

/** The next job id, from the counter of all shards, 0 if none is left; call it on shard 0. */
export function nextId(): f64 {
  return commands.nextId();
}

/**
 * Takes `count` ids at once from the counter of all shards; returns the first, 0 if there are not
 * so many left. Call it on shard 0.
 */
export function takeIds(count: u32): f64 {
  return commands.takeIds(count);
}

/**
 * Gives back the ids from `first` to `last` when nobody took one since; else they stay unused. Call
 * it on shard 0.
 */
export function giveBackIds(first: f64, last: f64): void {
  commands.giveBackIds(<u64>first, <u64>last);
}

/** The next number for the order in which tubes are made; as `nextId`. */
export function nextNumber(): f64 {
  return commands.nextNumber();
}
