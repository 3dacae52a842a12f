/* Opening: the exports with which the server makes a shard and keeps it going: memory, ids, the
 * ring and the segments of its journal.
 *
 * Nothing here is a command of a client. What says so is called once, before any other thread has
 * an instance; the positions of the journal are the committer's to move (src/journal/).
 * Conventions: index.ts.
 */
import {
  DONE,
  FAILURES_KEPT,
  JOURNAL_BYTES,
  NEVER_MICROS,
  OUT_OF_MEMORY,
  RESULT_COUNT,
  THREADS_BASE,
  THREAD_BYTES,
} from "./constants";
import * as commands from "./commands";
import { crc32c, openCrc } from "./crc";
import { overdrawnPages } from "./memory";
import * as parts from "./parts";
import * as segments from "./segments";
import * as table from "./table";
import {
  Shard,
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
 * `budgetPages` how far bodies may make it grow.
 */
export function open(index: u32, threads: u32, ringBytes: u32, pages: u32, budgetPages: u32): i32 {
  const s = shard();
  s.index = index;
  s.threads = threads;
  s.nextDue = NEVER_MICROS;
  s.topPage =
    (THREADS_BASE + threads * THREAD_BYTES + (ringBytes == 0 ? 0 : JOURNAL_BYTES + ringBytes)) >>
    16;
  s.endPage = pages;
  s.budgetPages = budgetPages;
  s.ringBytes = ringBytes;
  s.keepsFailures = FAILURES_KEPT;
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

/** Where journalHead lies, journalTail behind it; below, the ring, and the table of segments. */
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

export function ringAddress(): u32 {
  return <u32>ringBase();
}

export function segmentsAddress(): u32 {
  return <u32>journalBase();
}

export function segmentCount(): u32 {
  return shard().segments;
}

/** Allows bodies to make the shard grow by `pages` more. */
export function grantPages(t: u32, pages: u32): i32 {
  enter();
  shard().budgetPages += pages;
  return leave(t, DONE);
}

/** RESULT_COUNT: pages that are in use beyond what was granted. */
export function overdrawn(t: u32): i32 {
  enter();
  setResult(t, RESULT_COUNT, <f64>overdrawnPages());
  return leave(t, DONE);
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
