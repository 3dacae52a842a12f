/* Away: the exports by which bodies leave memory once they are in the journal, and come back.
 *
 *   in memory --- its record was written, and memory is short -->  away: the record's place is kept
 *             <-- somebody wants it, or comes to it soon ---------
 *
 * A job whose body is away stands where it stood, in a smaller piece of the allocator: only what
 * shows the body, or records it anew, has to do with that. `settleRing` goes through the records
 * that were just written, before their place in the ring is free: it knows where they lie in the
 * segment, so no other job has to remember that. Of a record that is written again, since the
 * segment of the old one goes, the place is learned in the same way; until then the body is in the
 * ring. `gatherWanted` says what to read, ahead of need in the order of the tubes, and `bring`
 * takes what was read. A body that was read back keeps its place, so that it can leave again at
 * once: the first that came leave when there are too many.
 *
 * What leaves is a body in one PUT record that the output slot holds: whatever shows it shows it at
 * once. Called by who commits and by the committer (src/journal/). Conventions: index.ts.
 */
import {
  AWAY as AWAY_STILL,
  DAMAGED,
  DONE,
  INLINE_BODY_MAX,
  MORE,
  NOT_FOUND,
  RECORD_PUT,
  RESULT_COUNT,
  RESULT_LSN,
  SCRATCH_OFFSET,
  SKIP_MARK,
  STATE_BURIED,
  STATE_READY,
  STATE_RESERVED,
  STEP_JOBS,
} from "./constants";
import { bucketAt, lateRoot } from "./bucket";
import * as chains from "./chain";
import { Chain, OF_JOB } from "./chain";
import * as conns from "./conn";
import { enterAt } from "./deadlines";
import {
  AWAY,
  CAME,
  CANCELLED,
  CHAIN_BYTES,
  GRANTED,
  Job,
  NO_PLACE,
  PLACE_BYTES,
  RECORD_BYTES,
  TAGGED,
} from "./job";
import { WHOLE, addressOfJob, countBody, freeChain, isChained, isClaimed, jobAt } from "./job";
import { mayBeAway, placeOf, readersOf, setPlace, show } from "./job";
import * as journal from "./journal";
import { PutRecord, Record } from "./journal";
import { WANTED_BYTES, WANTED_ID, WANTED_PLACE } from "./layouts";
import { WANTED_RECORD_BYTES, WANTED_SEGMENT } from "./layouts";
import { JOBS, closeEmptyPages, give, isTight, take } from "./memory";
import { moveJob } from "./moving";
import { partsOf } from "./parts";
import * as segments from "./segments";
import { Shard, enter, inputSlot, jobs, leave, outputSlot, resultSlot, ringBase } from "./shard";
import { setResult, shard } from "./shard";
import { isSound } from "./sound";
import { findJob, isHeldBy } from "./states";
import * as table from "./table";
import { isToLeave } from "./tags";
import * as tree from "./tree";
import { Tube, tubeAt } from "./tube";
import { IDS_MAX, cameCount, noteCame, takeCame, takeWanted, want } from "./wants";

/** A tube keeps the bodies of so many ready jobs while memory is not very short. */
const NEAR_JOBS: u32 = 64;
/** Most jobs, and bytes of their records, that one `gatherWanted` says. */
const GATHERED_MAX: u32 = 2048;
const GATHERED_BYTES: u32 = 1048576;
/** Jobs that are looked at, from the best one of each tube on, for bodies to be read ahead. */
const AHEAD_JOBS: u32 = 1024;
/** In most tubes at once. */
const AHEAD_TUBES: u32 = 16;

/* Leaving. */

/** Whether a body that is in memory may leave it: its job stands somewhere, and nobody reads it. */
function mayLeave(job: Job): bool {
  if (!mayBeAway(job.bodyBytes) || job.state > STATE_BURIED) return false;
  if (isChained(job) && (readersOf(job) > 0 || partsOf(job) != 0)) return false;
  return !isClaimed(job) && (job.flags & (CANCELLED | GRANTED)) == 0; // a grant is shown next
}

/** Whether a job is soon to run: its body had better stay. */
function isNear(job: Job, isUrgent: bool): bool {
  if (job.state == STATE_RESERVED) return true;
  if (job.state != STATE_READY) return false;
  const tube = tubeAt(job.tube);
  return tube.best == addressOfJob(job) || (!isUrgent && tube.ready <= NEAR_JOBS);
}

/** The body of a job leaves memory; its record lies at `place`. False when there is no memory. */
function leaveMemory(job: Job, place: u32): bool {
  const from = addressOfJob(job);
  const before = shard().isForBodies;
  shard().isForBodies = 1;
  const to = take(JOBS, RECORD_BYTES + PLACE_BYTES, true);
  shard().isForBodies = before;
  if (to == 0) return false;
  countBody(job, -1);
  if (isChained(job)) freeChain(job);
  job.away = AWAY;
  moveJob(from, to, RECORD_BYTES);
  give(from);
  setPlace(jobAt(to), place);
  countBody(jobAt(to), 1);
  return true;
}

/** The job, of those with the id, whose PUT record ends there in the stream; or 0. */
function findOf(id: u64, lsn: u64): u32 {
  let at = table.bucket(jobs(), <u32>id);
  while (at != 0 && (jobAt(at).minor != id || jobAt(at).lsn != lsn)) at = jobAt(at).chain;
  return at;
}

/** A PUT record was written to that place: its job may be told so, its body may leave. */
function settle(record: PutRecord, place: u32, pressure: u32): void {
  const at = findOf(record.id, record.lsn);
  if (at == 0) return;
  const job = jobAt(at);
  if (job.away != WHOLE) setPlace(job, place);
  else if (pressure != 0 && mayLeave(job) && !isNear(job, pressure > 1)) leaveMemory(job, place);
}

/**
 * The ring's records from stream position `from` to `to` lie at `place` in the newest segment, one
 * behind the other, and in the ring until `freeRing`. With `pressure` 1 bodies of them leave
 * memory, with 2 more of them. MORE, and RESULT_LSN and RESULT_COUNT are the `from` and `place` to
 * go on with, or DONE. By whoever commits.
 */
export function settleRing(t: u32, from: f64, to: f64, place: f64, pressure: u32): i32 {
  enter();
  const s = shard();
  if (pressure == 0 && s.awayJobs == 0 && s.cameBytes == 0) return leave(t, DONE);
  let position = <u64>from;
  let at = <u64>place;
  for (let left = STEP_JOBS; left > 0 && position < <u64>to; --left) {
    const record = changetype<Record>(ringBase() + <usize>(position % s.ringBytes));
    position += record.bytes & ~SKIP_MARK;
    if ((record.bytes & SKIP_MARK) != 0) continue;
    if (record.kind == RECORD_PUT) settle(changetype<PutRecord>(record), <u32>(at >> 3), pressure);
    at += record.bytes;
  }
  setResult(t, RESULT_LSN, <f64>position);
  setResult(t, RESULT_COUNT, <f64>at);
  return leave(t, position < <u64>to ? MORE : DONE);
}

/**
 * The body of those that are noted that was read back first leaves again; if it may not now, it is
 * noted once more.
 */
function leaveAgain(): void {
  const id = takeCame();
  const at = findJob(id);
  if (at == 0 || jobAt(at).away != CAME) return;
  const place = placeOf(jobAt(at));
  if (place == NO_PLACE || !mayLeave(jobAt(at)) || !leaveMemory(jobAt(at), place)) noteCame(id);
}

/** Bodies that were read back leave while there are more than `most` bytes of them. */
function leaveDownTo(most: f64): void {
  for (let left = cameCount(); left > 0 && shard().cameBytes > most; --left) leaveAgain();
}

/* Coming back. */

/** A piece for a job with that body, which lies at `source`; 0 when there is no memory. */
function pieceWith(bytes: u32, source: usize): u32 {
  const isLong = bytes > INLINE_BODY_MAX;
  const to = take(JOBS, RECORD_BYTES + (isLong ? CHAIN_BYTES : bytes) + PLACE_BYTES, true);
  if (to == 0) return 0;
  const body = <usize>to + RECORD_BYTES;
  if (!isLong) {
    memory.copy(body, source, bytes);
    return to;
  }
  memory.fill(body, 0, CHAIN_BYTES);
  const chain = changetype<Chain>(body);
  if (chains.append(chain, to | OF_JOB, bytes, 0, source, bytes, true) == bytes) return to;
  chains.freeBlocks(chain);
  give(to);
  return 0;
}

/**
 * As `pieceWith`; for want of memory, pages that stayed open without a piece are given back, and
 * bodies that were read back leave again.
 */
function roomWith(bytes: u32, source: usize): u32 {
  shard().isForBodies = 1;
  let to = pieceWith(bytes, source);
  for (let left = cameCount(); to == 0; --left) {
    closeEmptyPages();
    to = pieceWith(bytes, source);
    if (to != 0 || left == 0) break;
    leaveAgain();
  }
  shard().isForBodies = 0;
  return to;
}

/** The body at `source` is that of a job whose body is away; without memory nothing changes. */
function takeBody(job: Job, source: usize): void {
  const from = addressOfJob(job);
  const place = placeOf(job);
  const to = roomWith(job.bodyBytes, source);
  if (to == 0) return;
  countBody(job, -1);
  job.away = CAME;
  moveJob(from, to, RECORD_BYTES);
  give(from);
  const moved = jobAt(to);
  setPlace(moved, place);
  countBody(moved, 1);
  const s = shard();
  s.brought++;
  if ((moved.flags & TAGGED) != 0 && isToLeave(moved)) s.leavingChanges++;
  for (let left = IDS_MAX; left > 0 && cameCount() == IDS_MAX; --left) leaveAgain();
  if (cameCount() < IDS_MAX) noteCame(moved.minor);
}

/** What a call keeps at hand; lies in the thread's result area. */
@unmanaged
class Gathering {
  entries: u32;
  /** Of their records. */
  bytes: u32;
  /** It is full with so many. */
  bytesMax: u32;
  /** How many tubes are noted behind it. */
  tubes: u32;
  out: usize;
}

function isFull(gathering: Gathering): bool {
  return gathering.entries == GATHERED_MAX || gathering.bytes >= gathering.bytesMax;
}

/** Where the tube of that number is noted. */
function tubeSlot(gathering: Gathering, number: u32): usize {
  return changetype<usize>(gathering) + offsetof<Gathering>() + <usize>(number << 2);
}

/** Somebody wants a job of the tube: he soon wants those behind it. */
function noteTube(gathering: Gathering, tube: u32): void {
  if (gathering.tubes == AHEAD_TUBES) return;
  for (let at: u32 = 0; at < gathering.tubes; ++at) {
    if (load<u32>(tubeSlot(gathering, at)) == tube) return;
  }
  store<u32>(tubeSlot(gathering, gathering.tubes++), tube);
}

/** Adds a job to those whose bodies are to be read, if its own is and is no longer in the ring. */
function gather(gathering: Gathering, job: Job): void {
  if (job.away != AWAY || isFull(gathering)) return;
  const place = placeOf(job);
  if (place == NO_PLACE) return;
  const bytes = journal.putBytes(job);
  const entry = gathering.out + <usize>(gathering.entries * WANTED_BYTES);
  store<f64>(entry, <f64>job.minor, WANTED_ID);
  store<u32>(entry, segments.segmentOf(job.lsn).number, WANTED_SEGMENT);
  store<u32>(entry, place, WANTED_PLACE);
  store<u32>(entry, bytes, WANTED_RECORD_BYTES);
  gathering.entries++;
  gathering.bytes += bytes;
}

/**
 * Adds the next jobs of each tube that is noted, which share alike what is left of `most` bytes:
 * with more, what came first would leave before anybody came to it.
 */
function gatherAhead(gathering: Gathering, most: f64): void {
  const wanted = gathering.bytes;
  const room = <u32>min(<f64>GATHERED_BYTES, most);
  if (room <= wanted) return;
  for (let at: u32 = 0; at < gathering.tubes; ++at) {
    gathering.bytesMax = gathering.bytes + (room - wanted) / gathering.tubes;
    const tube = tubeAt(load<u32>(tubeSlot(gathering, at)));
    gatherNext(gathering, tube, AHEAD_JOBS / gathering.tubes);
  }
}

/** Adds of the next `left` jobs of a tube, in the order in which they are going to run. */
function gatherNext(gathering: Gathering, tube: Tube, left: u32): void {
  for (let at = tube.firstBucket; at != 0 && left > 0; at = tree.next(at)) {
    const bucket = bucketAt(at);
    let late = bucket.late == 0 ? 0 : tree.first(lateRoot(bucket));
    let next = bucket.head;
    while ((late | next) != 0 && left > 0 && !isFull(gathering)) {
      const isLate = next == 0 || (late != 0 && jobAt(late).minor < jobAt(next).minor);
      const job = jobAt(isLate ? late : next);
      if (isLate) late = tree.next(late);
      else next = job.left;
      gather(gathering, job);
      --left;
    }
  }
}

/**
 * The jobs whose bodies are to be read back: RESULT_COUNT entries (WANTED_*) in the output slot,
 * first those that somebody waits for, then those that come next in their tubes. MORE when there
 * are others. While more than `most` bytes of bodies are there that came, the first of them leave,
 * before others come. The committer's.
 */
export function gatherWanted(t: u32, most: f64): i32 {
  enter();
  leaveDownTo(most);
  const gathering = changetype<Gathering>(resultSlot(t) + SCRATCH_OFFSET);
  gathering.entries = 0;
  gathering.bytes = 0;
  gathering.bytesMax = GATHERED_BYTES;
  gathering.tubes = 0;
  gathering.out = outputSlot(t);
  let id: u64 = 1;
  while (!isFull(gathering) && id != 0) {
    id = takeWanted();
    const at = id == 0 ? 0 : findJob(id);
    if (at == 0) continue;
    if (jobAt(at).state <= STATE_RESERVED) noteTube(gathering, jobAt(at).tube);
    if (jobAt(at).away == AWAY && placeOf(jobAt(at)) == NO_PLACE)
      takeBody(jobAt(at), journal.bodyInRing(jobAt(at)));
    else gather(gathering, jobAt(at));
  }
  if (!isTight()) gatherAhead(gathering, most); // what is waited for would leave for it
  setResult(t, RESULT_COUNT, <f64>gathering.entries);
  return leave(t, id != 0 ? MORE : DONE);
}

/**
 * Takes the PUT records that lie in the input slot and on into the output slot, `bytes` of them one
 * behind the other, with the salt of their segment: the bodies of jobs that are away come back.
 * DONE, or DAMAGED when what stands at RESULT_COUNT is no sound record with the body of its job.
 * The committer's.
 */
export function bring(t: u32, bytes: u32, salt: u32): i32 {
  enter();
  let at: u32 = 0;
  let answer = DONE;
  while (at < bytes && answer == DONE) {
    const record = changetype<PutRecord>(inputSlot(t) + at);
    if (!isSound(inputSlot(t) + at, bytes - at, salt) || !bringOne(record)) answer = DAMAGED;
    else at += record.bytes;
  }
  setResult(t, RESULT_COUNT, <f64>at);
  return leave(t, answer);
}

/** False when it is not the record of its job. A job that has gone needs none. */
function bringOne(record: PutRecord): bool {
  if (record.kind != RECORD_PUT) return false;
  const at = findJob(record.id);
  if (at == 0 || jobAt(at).away != AWAY) return true;
  const job = jobAt(at);
  if (record.partBytes != 0 || record.bodyBytes != job.bodyBytes) return false;
  takeBody(job, journal.bodyIn(record));
  return true;
}

/* Waiting for it. */

/** Whether the body of that job is on its way: AWAY, or DONE when it is there, or no job is. */
export function seekBody(t: u32, id: f64): i32 {
  enter();
  const at = findJob(<u64>id);
  if (at == 0 || jobAt(at).away != AWAY) return leave(t, DONE);
  want(<u64>id);
  return leave(t, AWAY_STILL);
}

/**
 * Shows a job whose body was away: DONE, AWAY when it still is, NOT_FOUND when the job has gone, or
 * `conn` does not hold it any more, unless that is 0. When it is shown its time to run begins.
 */
export function showBody(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || (conn != 0 && !isHeldBy(jobAt(at), conn))) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  show(t, job);
  if (job.away == AWAY) return leave(t, AWAY_STILL);
  if (conn != 0) {
    conns.extend(job, conns.connAt(conn), <u64>now);
    job.isUnseen = 0;
  }
  return leave(t, DONE);
}

/** Where the bytes of the bodies in memory are counted, an f64. */
export function residentAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("residentBytes"));
}

/** Where the u32 lies that says how many ids were wanted, behind it how many were seen to. */
export function wantedAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("wantedHead"));
}
