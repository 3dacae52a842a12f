/* The engine's exports: the commands of one shard, each a critical section.
 *
 * Conventions. `t` is the calling I/O thread; what a call answers beyond its code stands in that thread's result area, bodies and
 * names in its output slot, and what it takes in lies in its input slot, at an offset. `now` is the host's clock in microseconds,
 * never running backwards; ids are exact numbers up to 2^53. `conn` and `tube` are addresses that earlier calls answered, 0 = none
 * in this shard; a tube's address is good for as long as the session uses or watches it. Answers: constants.ts.
 */
import {
  DONE,
  FAILURES_KEPT,
  KIND_ANY,
  KIND_BURIED,
  KIND_DELAYED,
  JOURNAL_BYTES,
  LOST,
  MORE,
  NEVER_MICROS,
  NONE,
  NOT_FOUND,
  OUTPUT_BYTES,
  OUT_OF_MEMORY,
  RESERVED,
  RESULT_CONN,
  RESULT_COUNT,
  RESULT_GENERATION,
  RESULT_ID,
  RESULT_LSN,
  RESULT_PRI,
  RESULT_REF,
  RESULT_TOKEN,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_READY,
  STATE_RESERVED,
  STATE_UPLOADING,
  STEP_JOBS,
  THREADS_BASE,
  THREAD_BYTES,
  WAITING,
  WHO_OFFSET,
  WORSE,
} from "./constants";
import { connectionLost } from "./attempts";
import * as conns from "./conn";
import { Conn, connAt } from "./conn";
import { enterAt, pause, unpause } from "./deadlines";
import * as commands from "./commands";
import * as bodies from "./job";
import { GRANTED, Job, jobAt, show } from "./job";
import { crc32c, openCrc } from "./crc";
import * as journal from "./journal";
import { overdrawnPages } from "./memory";
import * as failures from "./failure";
import { failureAt } from "./failure";
import * as parts from "./parts";
import * as ready from "./ready";
import * as segments from "./segments";
import * as table from "./table";
import {
  Shard,
  directoryOf,
  enter,
  journalBase,
  ringBase,
  grantList,
  inputSlot,
  jobs,
  leave,
  must,
  outputSlot,
  resultSlot,
  setResult,
  shard,
  tubesByName,
  watches,
} from "./shard";
import * as states from "./states";
import { findJob, isHeldBy } from "./states";
import { findOrMakeTube, findTube, forgetIfUnused, isPaused, tubeAt } from "./tube";

export * from "./inspect";
export { describeJobs, listProbe, listScan, listWalk, peekReserved, scanReserved } from "./listing";
export { flushTube } from "./flushing";
export { heldJobs, holder } from "./holding";
export { check, endReplay, keep, keepRest, replay, strays } from "./replay";
export { applyJobHints, applyTubeHints, jobHints, tubeHints } from "./hints";
export * from "./run";

/* Setting up. */

/**
 * Makes an empty shard of a memory of zeros. Called once, before any other thread has an instance.
 * `ringBytes` of room are left for a journal (`openJournal`). `pages` is the length of the memory, `budgetPages` how far bodies may make it grow.
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
 * Opens the journal of an empty shard that was opened with a ring. `reserveBytes` of the ring must be free before a command may run: for each
 * thread at least 4 * `partBytes`, which are the bytes of a long body in one PART record. `wallBase` is the wall clock, in microseconds, at the
 * engine's time 0. Called before any other thread has an instance.
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

/** Each job keeps its youngest `most` failures, 0 = none. Called before any other thread has an instance. */
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

/** Adds a segment that begins at position `first` of this shard's stream. The committer's, and recovery's. */
export function addSegment(number: u32, first: f64): void {
  segments.addSegment(number, <u64>first);
}

/** Forgets a segment whose file is gone. The committer's. */
export function dropSegment(t: u32, number: u32): i32 {
  enter(); // `keep` and commands look segments up
  segments.dropSegment(number);
  return leave(t, DONE);
}

/** Gives the records from one position of the stream to another their CRCs and counts them; see segments.ts. The committer's. */
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

/** Most bytes that may lie between the two for commands to run; NEVER_MICROS, which is more than there can be, without a journal. */
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

/** The next job id, from the counter of all shards; call it on shard 0. */
export function nextId(): f64 {
  return commands.nextId();
}

/** Takes `count` ids at once from the counter of all shards; answers the first. Call it on shard 0. */
export function takeIds(count: u32): f64 {
  return commands.takeIds(count);
}

/** Gives back the ids from `first` to `last` when nobody took one since; else they stay unused. Call it on shard 0. */
export function giveBackIds(first: f64, last: f64): void {
  commands.giveBackIds(<u64>first, <u64>last);
}

/** The next number for the order in which tubes are made; as `nextId`. */
export function nextNumber(): f64 {
  return <f64>(atomic.add<u64>(changetype<usize>(shard()) + offsetof<Shard>("lastNumber"), 1) + 1);
}

/** Lets happen what is due at `now`; MORE when not all of it was done. */
export function tick(t: u32, now: f64): i32 {
  enterAt(now);
  return leave(t, shard().nextDue <= now ? MORE : NONE);
}

/* Tubes. */

/** Uses the tube whose name lies at `offset` of the input slot; RESULT_REF is the tube. With `number` 0 none is made. */
export function useTube(t: u32, offset: u32, bytes: u32, number: f64): i32 {
  enter();
  const at = findOrMakeTube(inputSlot(t) + offset, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  if (!ready.keepSpareBucket(tubeAt(at))) {
    forgetIfUnused(tubeAt(at));
    return leave(t, OUT_OF_MEMORY);
  }
  tubeAt(at).using++;
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Ends one use. The tube may be gone afterwards. */
export function unuseTube(t: u32, tube: u32): i32 {
  enter();
  must(tubeAt(tube).using > 0);
  tubeAt(tube).using--;
  forgetIfUnused(tubeAt(tube));
  return leave(t, DONE);
}

/** Makes the tube one that is never forgotten. */
export function pinTube(t: u32, offset: u32, bytes: u32, number: f64): i32 {
  enter();
  const at = findOrMakeTube(inputSlot(t) + offset, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  tubeAt(at).pinned = 1;
  return leave(t, DONE);
}

/* Connections. */

/** A record for session `token` of thread `t`; RESULT_REF is the connection. */
export function openConn(t: u32, token: u32): i32 {
  enter();
  const at = conns.makeConn(t, token);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/**
 * Ends a connection, a bounded part of it at a time: MORE until nothing of it is left. It waits for nothing any more, a grant is handed
 * back, its jobs become ready without being counted as timed out or released (an attempt at each has failed), its watches end.
 */
export function closeConn(t: u32, at: u32, now: f64): i32 {
  enterAt(now);
  const conn = connAt(at);
  conns.stopWaiting(conn);
  conns.uncall(conn);
  if (conn.granted != 0) states.handBack(conns.grantedJob(conn), conn.grantedSince, <u64>now);
  let left = STEP_JOBS;
  let job = conns.firstHeld(conn);
  while (job != 0 && left > 0) {
    connectionLost(jobAt(job), <u64>now);
    states.leaveState(jobAt(job));
    states.becomeReady(jobAt(job), <u64>now);
    left--;
    job = conns.firstHeld(conn);
  }
  while (conn.watchHead != 0 && left > 0) {
    conns.dropWatch(conn, conns.watchAt(conn.watchHead));
    left--;
  }
  if (left == 0) return leave(t, MORE);
  conns.freeConn(conn);
  return leave(t, DONE);
}

/** Calls the connection what the `bytes` bytes at WHO_OFFSET of the thread's area say, WHO_MAX at most: failures of what it holds tell. */
export function nameConn(t: u32, conn: u32, bytes: u32): i32 {
  enter();
  conns.nameConn(connAt(conn), resultSlot(t) + WHO_OFFSET, bytes);
  return leave(t, DONE);
}

/** When the first TTR of the jobs that `conn` holds runs out; NEVER_MICROS when it holds none. */
export function soonest(t: u32, conn: u32): f64 {
  enter();
  const at = conns.firstHeld(connAt(conn));
  const due = at == 0 ? NEVER_MICROS : <f64>jobAt(at).major;
  leave(t, DONE);
  return due;
}

/** Adds the named tube to what `conn` watches here; RESULT_REF is the tube. With `number` 0 none is made. */
export function watchTube(t: u32, conn: u32, offset: u32, bytes: u32, number: f64): i32 {
  enter();
  const at = findOrMakeTube(inputSlot(t) + offset, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  const tube = tubeAt(at);
  if (!ready.keepSpareBucket(tube) || !conns.addWatch(connAt(conn), tube)) {
    forgetIfUnused(tube);
    return leave(t, OUT_OF_MEMORY);
  }
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Takes `tube` out of what `conn` watches; it does. */
export function ignoreTube(t: u32, conn: u32, tube: u32): i32 {
  enter();
  const watch = conns.findWatch(connAt(conn), tube);
  must(watch != 0);
  conns.dropWatch(connAt(conn), conns.watchAt(watch));
  return leave(t, DONE);
}

/* Putting. */

/** Puts a job whose whole body lies at `offset` of the input slot. */
export function put(
  t: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: u32,
  ttr: u32,
  offset: u32,
  bytes: u32,
  now: f64,
): i32 {
  enterAt(now);
  const at = bodies.makeJob(bytes, false);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  const job = jobAt(at);
  if (bodies.appendBody(job, 0, inputSlot(t) + offset, bytes, false) != bytes) {
    bodies.freeJob(job);
    return leave(t, OUT_OF_MEMORY);
  }
  return leave(t, commands.admit(t, job, tube, id, pri, delay, ttr, now));
}

/** Begins an upload: room for a body of `bytes` that comes in pieces, memory taken as they come. RESULT_REF is the upload. */
export function openUpload(t: u32, bytes: u32): i32 {
  enter();
  const at = bodies.makeJob(bytes, false);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  jobAt(at).state = STATE_UPLOADING;
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/**
 * With a journal: says which job an upload without a byte is to be, so that a long body can go to the journal as it comes. RESULT_COUNT is in
 * how many parts, 0 when it fits a record.
 */
export function recordUpload(t: u32, upload: u32, tube: u32, id: f64): i32 {
  enter();
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING);
  job.tube = tube;
  job.minor = <u64>id;
  if (!journal.split(job)) return leave(t, OUT_OF_MEMORY);
  const list = parts.partsOf(job);
  setResult(t, RESULT_COUNT, list == 0 ? 0 : <f64>parts.partsAt(list).count);
  return leave(t, DONE);
}

/**
 * Adds the next `count` bytes, at `offset` of the input slot, to an upload that has `position` bytes. RESULT_COUNT of them were taken: fewer
 * with OUT_OF_MEMORY, or with MORE when the journal's ring has no room for a part that they make whole; the rest may be tried again.
 */
export function appendUpload(t: u32, upload: u32, position: u32, offset: u32, count: u32): i32 {
  enter();
  const job = jobAt(upload);
  const source = inputSlot(t) + offset;
  let taken: u32 = 0;
  let answer = DONE;
  while (taken < count && answer == DONE) {
    const left = parts.leftInPart(job, position + taken);
    const step = min(left, count - taken);
    if (step == left && !journal.hasRoom()) {
      answer = MORE;
      break;
    }
    const done = bodies.appendBody(job, position + taken, source + taken, step, false);
    taken += done;
    if (done < step) answer = OUT_OF_MEMORY;
    else if (step == left) journal.recordPart(job, parts.indexAt(job, position + taken - 1));
  }
  setResult(t, RESULT_COUNT, <f64>taken);
  return leave(t, answer);
}

/** Makes a complete upload a job, the one that `recordUpload` was told of; as `put`. */
export function commitUpload(
  t: u32,
  upload: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: u32,
  ttr: u32,
  now: f64,
): i32 {
  enterAt(now);
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING);
  parts.settle(job);
  return leave(t, commands.admit(t, job, tube, id, pri, delay, ttr, now));
}

/** Forgets an upload. With a journal it is a command that needs room in the ring. */
export function dropUpload(t: u32, upload: u32): i32 {
  enter();
  must(jobAt(upload).state == STATE_UPLOADING);
  journal.recordDrop(jobAt(upload));
  parts.dropParts(jobAt(upload));
  bodies.freeJob(jobAt(upload));
  return leave(t, DONE);
}

/* Reserving. */

function reserve(t: u32, job: Job, conn: Conn, now: f64): i32 {
  commands.reserve(job, conn, now);
  show(t, job);
  return RESERVED;
}

/** What is the best job that `conn` could take here? RESERVED stands for "this one": RESULT_PRI and RESULT_ID; or NONE. */
export function best(t: u32, conn: u32, now: f64): i32 {
  enterAt(now);
  const at = commands.bestTube(connAt(conn));
  if (at == 0) return leave(t, NONE);
  setResult(t, RESULT_PRI, <f64>tubeAt(at).readyPri);
  setResult(t, RESULT_ID, <f64>tubeAt(at).readyId);
  return leave(t, RESERVED);
}

/** Takes the best job unless (`maxPri`, `maxId`) stands before it: RESERVED, NONE, or WORSE with RESULT_PRI and RESULT_ID. */
export function take(t: u32, conn: u32, maxPri: f64, maxId: f64, now: f64): i32 {
  enterAt(now);
  const at = commands.bestTube(connAt(conn));
  if (at == 0) return leave(t, NONE);
  const tube = tubeAt(at);
  const pri = <f64>tube.readyPri;
  const id = <f64>tube.readyId;
  if (pri > maxPri || (pri == maxPri && id > maxId)) {
    setResult(t, RESULT_PRI, pri);
    setResult(t, RESULT_ID, id);
    return leave(t, WORSE);
  }
  return leave(t, reserve(t, jobAt(tube.best), connAt(conn), now));
}

/** Looks once more and, when there is nothing, registers `conn` as waiting: RESERVED or WAITING. */
export function wait(t: u32, conn: u32, generation: u32, now: f64): i32 {
  enterAt(now);
  const at = commands.bestTube(connAt(conn));
  if (at != 0) return leave(t, reserve(t, jobAt(tubeAt(at).best), connAt(conn), now));
  conns.startWaiting(connAt(conn), generation);
  return leave(t, WAITING);
}

/** The TTR of a grant starts when it is collected. */
function collectFrom(t: u32, conn: Conn, now: f64): i32 {
  conns.uncall(conn);
  setResult(t, RESULT_TOKEN, <f64>conn.token);
  setResult(t, RESULT_GENERATION, <f64>conn.generation);
  setResult(t, RESULT_CONN, <f64>conns.addressOfConn(conn));
  if (conn.granted == 0) return LOST;
  const job = conns.grantedJob(conn);
  job.flags &= ~GRANTED;
  conn.granted = 0;
  commands.extend(job, conn, now);
  commands.countGrant(job, conn, now);
  show(t, job);
  return RESERVED;
}

/**
 * Ends the waiting of `conn` here, whatever its end: NONE, RESERVED when a grant had been made (it is collected now), or LOST when one
 * had been made and ran out. One critical section: no grant can slip between.
 */
export function cancel(t: u32, conn: u32, now: f64): i32 {
  enterAt(now);
  const c = connAt(conn);
  conns.stopWaiting(c);
  return leave(t, c.calling == 0 ? NONE : collectFrom(t, c, now));
}

/** Collects the next grant of thread `t`: RESERVED or LOST, with RESULT_TOKEN, _GENERATION and _CONN; NONE when there is none. */
export function collect(t: u32, now: f64): i32 {
  enterAt(now);
  const at = load<u32>(grantList(t));
  return leave(t, at == 0 ? NONE : collectFrom(t, connAt(at), now));
}

/** Undoes the reservation of a collected grant that its session does not want any more. */
export function handBack(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.handBack(jobAt(at), connAt(conn), now);
  return leave(t, DONE);
}

/** Reserves the very job, whatever its tube and whether that is paused; MORE when that needs a record of the connection here. */
export function reserveJob(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || jobAt(at).state == STATE_RESERVED) return leave(t, NOT_FOUND);
  if (conn == 0) return leave(t, MORE);
  const job = jobAt(at);
  if (job.state == STATE_READY) return leave(t, reserve(t, job, connAt(conn), now));
  commands.reserveAside(job, connAt(conn), now);
  show(t, job);
  setResult(t, RESULT_LSN, <f64>shard().lsn); // who is told waits for that record
  return leave(t, RESERVED);
}

/* What a holder does. */

export function deleteJob(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !commands.mayDelete(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.remove(jobAt(at), now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/** Whether `conn` holds the job and may act on it: DONE or NOT_FOUND. */
export function holds(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  return leave(t, at != 0 && isHeldBy(jobAt(at), conn) ? DONE : NOT_FOUND);
}

/**
 * DONE, NOT_FOUND, or BURIED when there is no memory for the new priority. `failure` is a complete one of `openFailure`, 0 for none; unless the answer
 * is NOT_FOUND it belongs to the job afterwards. RESULT_LSN is 0 when the journal has nothing to tell but that an attempt ended without a word.
 */
export function release(
  t: u32,
  conn: u32,
  id: f64,
  pri: u32,
  delay: u32,
  failure: u32,
  now: f64,
): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  const waits = failure != 0 || shard().keepsReleases != 0;
  const answer = commands.letGo(jobAt(at), pri, delay, failure, now);
  setResult(t, RESULT_LSN, waits ? <f64>shard().lsn : 0);
  return leave(t, answer);
}

/** DONE or NOT_FOUND; `failure` as with `release`. */
export function bury(t: u32, conn: u32, id: f64, pri: u32, failure: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.setAside(jobAt(at), pri, failure, now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

export function touch(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.touch(jobAt(at), connAt(conn), now);
  return leave(t, DONE);
}

/* What a holder says about a failure: its message comes before the command that ends the attempt. */

/** Begins a failure of `conn` with a message of `bytes` that comes in pieces. RESULT_REF is the failure. */
export function openFailure(t: u32, conn: u32, bytes: u32): i32 {
  enter();
  const at = failures.makeFailureOf(connAt(conn), bytes, true);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Adds the next bytes of its message; as `appendUpload`. */
export function appendFailure(t: u32, failure: u32, position: u32, offset: u32, count: u32): i32 {
  enter();
  const source = inputSlot(t) + offset;
  const taken = failures.appendMessage(failureAt(failure), position, source, count, false);
  setResult(t, RESULT_COUNT, <f64>taken);
  return leave(t, taken == count ? DONE : OUT_OF_MEMORY);
}

/** Forgets a failure that no attempt ended with. */
export function dropFailure(t: u32, failure: u32): i32 {
  enter();
  failures.freeFailure(failureAt(failure));
  return leave(t, DONE);
}

/* Kicking and pausing. */

/**
 * Kicks at most `bound` jobs of the tube, and at most STEP_JOBS: KIND_ANY means buried ones, or delayed ones if none is buried.
 * RESULT_COUNT were kicked, RESULT_REF is the kind; MORE when bound and tube allow for more of that kind.
 */
export function kick(t: u32, tube: u32, bound: u32, kind: i32, now: f64): i32 {
  enterAt(now);
  const source = tubeAt(tube);
  const chosen = kind != KIND_ANY ? kind : source.buried != 0 ? KIND_BURIED : KIND_DELAYED;
  const most = min(bound, STEP_JOBS);
  let tried: u32 = 0;
  let kicked: u32 = 0;
  let at = commands.firstOfKind(source, chosen);
  while (at != 0 && tried < most) {
    tried++;
    if (commands.kickOne(jobAt(at), now)) kicked++;
    at = commands.firstOfKind(source, chosen);
  }
  setResult(t, RESULT_COUNT, <f64>kicked);
  setResult(t, RESULT_REF, <f64>chosen);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, at != 0 && tried < bound && kicked != 0 ? MORE : DONE);
}

export function kickJob(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  if (job.state != STATE_BURIED && job.state != STATE_DELAYED) return leave(t, NOT_FOUND);
  commands.kickOne(job, now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/** Pauses the named tube for `delay` seconds; 0 ends a pause. */
export function pauseTube(t: u32, offset: u32, bytes: u32, delay: u32, now: f64): i32 {
  enterAt(now);
  const at = findTube(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, NOT_FOUND);
  const tube = tubeAt(at);
  tube.pauses++;
  if (delay != 0) pause(tube, <u64>delay * 1000000, <u64>now);
  else if (isPaused(tube)) unpause(tube, <u64>now);
  return leave(t, DONE);
}

/* Looking. */

/** Shows any job in any state. */
export function peek(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  show(t, jobAt(at));
  return leave(t, DONE);
}

/** Shows the first job of the tube that is ready, delayed or buried (`kind`). */
export function peekTube(t: u32, tube: u32, kind: i32, now: f64): i32 {
  enterAt(now);
  const at = commands.firstOfKind(tubeAt(tube), kind);
  if (at == 0) return leave(t, NOT_FOUND);
  show(t, jobAt(at));
  return leave(t, DONE);
}

/** Copies more of a long body, from `position` on, to the output slot: RESULT_COUNT bytes; NOT_FOUND when the job is gone. */
export function readBody(t: u32, id: f64, position: u32): i32 {
  enter();
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  setResult(
    t,
    RESULT_COUNT,
    <f64>bodies.readBody(jobAt(at), position, outputSlot(t), OUTPUT_BYTES),
  );
  return leave(t, DONE);
}
