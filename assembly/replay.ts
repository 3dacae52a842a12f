/* Replay: the journal's records on their way back: into the shard when the server starts, and into new segments when one is reclaimed.
 *
 * The host brings pieces of a segment into a staging area of this memory (before the start, the ring itself) and calls `replay` or `keep`
 * with it. A record is trusted when its CRC is right; records of tubes that belong to other shards are passed over, so that the number of
 * shards may differ from the one that wrote them.
 */
import {
  DAMAGED,
  DONE,
  MORE,
  OUT_OF_MEMORY,
  RECORD_BYTES_MIN,
  RECORD_DELETE,
  RECORD_PUT,
  RESULT_COUNT,
  RESULT_ID,
  STATE_BURIED,
  STATE_DELAYED,
  STEP_JOBS,
} from "./constants";
import { crc32c } from "./crc";
import {
  HINT_IS_OLD,
  Job,
  RECORDED_BURIED,
  appendBody,
  coldAddress,
  coldOf,
  jobAt,
  makeJob,
} from "./job";
import * as journal from "./journal";
import { DeleteRecord, PUT_BYTES, PutRecord, Record, StateRecord } from "./journal";
import * as ready from "./ready";
import * as segments from "./segments";
import { Segment } from "./segments";
import { enter, jobs, leave, ringBase, setResult, shard } from "./shard";
import * as states from "./states";
import { findJob } from "./states";
import * as table from "./table";
import { findOrMakeTube, nameHash, tubeAt } from "./tube";

/** Whether a whole, undamaged record of at most `room` bytes stands at `address`. */
function isSound(address: usize, room: u32, salt: u32): bool {
  if (room < RECORD_BYTES_MIN) return false;
  const record = changetype<Record>(address);
  const bytes = record.bytes;
  if (bytes < RECORD_BYTES_MIN || bytes > room || (bytes & 7) != 0) return false;
  if (record.kind < RECORD_PUT || record.kind > RECORD_DELETE) return false;
  if (
    record.kind == RECORD_PUT &&
    <u64>PUT_BYTES + record.nameBytes + record.bodyBytes > <u64>bytes
  )
    return false;
  return record.crc == crc32c(salt, address + 8, bytes - 8);
}

/** Puts every record of the staged bytes into the shard, as `applies` says; see `replay`. */
function isMine(address: usize, record: Record, shards: u32): bool {
  return (nameHash(address + PUT_BYTES, record.nameBytes) & (shards - 1)) == shard().index;
}

/**
 * Replays the `bytes` bytes staged at `offset` of the ring, part of the segment that was added last, salted with `salt`, for a server of
 * `shards` shards whose engine clock shows `now`. RESULT_COUNT is how far it came: DONE at the end, DAMAGED in front of what is no sound
 * record (the host looks further on), OUT_OF_MEMORY. `isYoung` 1: the records are younger than the hints.  RESULT_ID is the highest id seen, 0 if none.
 */
export function replay(
  t: u32,
  offset: u32,
  bytes: u32,
  salt: u32,
  shards: u32,
  now: f64,
  isYoung: u32,
): i32 {
  enter();
  const segment = segments.last();
  let at: u32 = 0;
  let highest: u64 = 0;
  let answer = DONE;
  while (at < bytes) {
    const address = ringBase() + <usize>(offset + at);
    if (!isSound(address, bytes - at, salt)) {
      answer = DAMAGED;
      break;
    }
    const record = changetype<Record>(address);
    if (record.id > highest) highest = record.id;
    if (!apply(address, record, segment, shards, now)) {
      answer = OUT_OF_MEMORY;
      break;
    }
    if (isYoung != 0) outdateHint(record.id);
    at += record.bytes;
  }
  setResult(t, RESULT_COUNT, <f64>at);
  setResult(t, RESULT_ID, <f64>highest);
  return leave(t, answer);
}

/** The hints know nothing of this record. */
function outdateHint(id: u64): void {
  const found = findJob(id);
  if (found != 0) jobAt(found).flags |= HINT_IS_OLD;
}

/** How many of the `bytes` bytes staged at the beginning of the ring are sound records, one behind the other: RESULT_COUNT. */
export function check(t: u32, bytes: u32, salt: u32): i32 {
  enter();
  let at: u32 = 0;
  while (at < bytes && isSound(ringBase() + <usize>at, bytes - at, salt)) {
    at += changetype<Record>(ringBase() + <usize>at).bytes;
  }
  setResult(t, RESULT_COUNT, <f64>at);
  return leave(t, DONE);
}

function apply(address: usize, record: Record, segment: Segment, shards: u32, now: f64): bool {
  const found = findJob(record.id);
  if (record.kind == RECORD_PUT) {
    if (found != 0) return renew(changetype<PutRecord>(record), jobAt(found), segment, now);
    return (
      !isMine(address, record, shards) ||
      restore(address, changetype<PutRecord>(record), segment, now)
    );
  }
  if (record.kind == RECORD_DELETE) {
    // Its PUT may lie in a segment that another shard's part of the journal reads: count the tombstone in each.
    if (changetype<DeleteRecord>(record).origin != segment.number) segment.foreign++;
    if (found != 0) bury(jobAt(found));
  } else if (found != 0) {
    restate(changetype<StateRecord>(record), jobAt(found), segment, now);
  }
  return true;
}

/** Ends a job that the journal says is gone. */
function bury(job: Job): void {
  uncount(job);
  states.leaveState(job);
  states.endJob(job);
}

/** Takes the job's records out of the counts of their segments. */
function uncount(job: Job): void {
  segments.segmentOf(job.lsn).liveBytes -= journal.putBytes(job);
  forgetState(job);
}

function forgetState(job: Job): void {
  if (job.cold == 0 || coldAddress(job.cold).stateLsn == 0) return;
  segments.segmentOf(coldAddress(job.cold).stateLsn).liveBytes -= journal.STATE_BYTES;
  coldAddress(job.cold).stateLsn = 0;
}

/** The LSN that stands for "somewhere in this segment": each replayed segment is one position of the stream long. */
function lsnIn(segment: Segment): u64 {
  return segment.first + 1;
}

function restore(address: usize, record: PutRecord, segment: Segment, now: f64): bool {
  const made = makeJob(record.bodyBytes, true);
  if (made == 0) return false;
  const job = jobAt(made);
  const name = address + PUT_BYTES;
  const tube = findOrMakeTube(name, record.nameBytes, 1);
  if (tube == 0) return false;
  if (!ready.keepSpareBucket(tubeAt(tube))) return false; // its jobs must always find a place among the ready ones
  if (appendBody(job, 0, name + record.nameBytes, record.bodyBytes, true) != record.bodyBytes)
    return false;
  job.tube = tube;
  job.minor = record.id;
  job.ttrSeconds = record.ttrSeconds;
  job.createdMicros = <i64>(record.created - shard().wallBase);
  job.lsn = lsnIn(segment);
  segment.liveBytes += record.bytes;
  table.add(jobs(), job);
  stand(job, record.state, record.pri, record.delaySeconds, record.due, now);
  return true;
}

/** A newer PUT record of a job that is there: its segment was being reclaimed when the server stopped. */
function renew(record: PutRecord, job: Job, segment: Segment, now: f64): bool {
  segments.segmentOf(job.lsn).superseded++;
  uncount(job);
  states.leaveState(job);
  job.lsn = lsnIn(segment);
  segment.liveBytes += record.bytes;
  stand(job, record.state, record.pri, record.delaySeconds, record.due, now);
  return true;
}

function restate(record: StateRecord, job: Job, segment: Segment, now: f64): void {
  forgetState(job);
  states.leaveState(job);
  stand(job, record.state, record.pri, record.delaySeconds, record.due, now);
  const cold = coldOf(job);
  if (cold == 0) return;
  coldAddress(cold).stateLsn = lsnIn(segment);
  segment.liveBytes += journal.STATE_BYTES;
}

/** Puts a job that stands nowhere where the journal says that it stood. No wall clock makes a delay longer than it was asked to be. */
function stand(job: Job, state: u8, pri: u32, delaySeconds: u32, due: f64, now: f64): void {
  job.pri = pri;
  job.delaySeconds = delaySeconds;
  job.flags &= ~RECORDED_BURIED;
  if (state == STATE_BURIED) {
    job.flags |= RECORDED_BURIED;
    states.becomeBuried(job);
    return;
  }
  const left = min(due - shard().wallBase - now, <f64>delaySeconds * 1000000);
  if (state == STATE_DELAYED && left > 0) states.becomeDelayedUntil(job, <u64>(now + left));
  else states.becomeReady(job, <u64>now);
}

/**
 * Keeps what is still needed of the `bytes` bytes of a segment staged at `offset` of the input slot or the ring's neighbour by writing it
 * again at the end of the stream: jobs whose PUT record lies there, latest states, tombstones whose job's segment still exists.
 * RESULT_COUNT is how far it came: MORE when the ring is full, DONE at the end, DAMAGED in front of what is no sound record.
 */
export function keep(t: u32, address: u32, bytes: u32, salt: u32, number: u32): i32 {
  enter();
  let at: u32 = 0;
  let answer = DONE;
  while (at < bytes) {
    const place = <usize>(address + at);
    if (!isSound(place, bytes - at, salt)) {
      answer = DAMAGED;
      break;
    }
    if (!journal.hasRoom()) {
      answer = MORE;
      break;
    }
    const record = changetype<Record>(place);
    const before = shard().records;
    keepOne(record, number);
    shard().recordsKept += shard().records - before;
    at += record.bytes;
  }
  setResult(t, RESULT_COUNT, <f64>at);
  return leave(t, answer);
}

/**
 * As `keep`, for what the file of segment `number` does not tell any more: goes through the jobs, from bucket number `from` of their table on.
 * RESULT_COUNT is where to go on: MORE when the ring is full or enough was done at a time, DONE at the end.
 */
export function keepRest(t: u32, from: u32, number: u32): i32 {
  enter();
  const count = table.heads(jobs());
  const most = min(count, from + STEP_JOBS);
  let bucket = from;
  while (bucket < most && keepBucket(bucket, number)) bucket++;
  setResult(t, RESULT_COUNT, <f64>bucket);
  return leave(t, bucket < count ? MORE : DONE);
}

/** False when the ring is full before the end: then the bucket is to be gone through again. */
function keepBucket(bucket: u32, number: u32): bool {
  for (let at = table.head(jobs(), bucket); at != 0; at = jobAt(at).chain) {
    if (!journal.hasRoom()) return false;
    const job = jobAt(at);
    keepPut(job, number);
    keepState(job, number);
  }
  return true;
}

function keepPut(job: Job, number: u32): void {
  if (segments.segmentOf(job.lsn).number == number) journal.recordPut(job);
}

function keepState(job: Job, number: u32): void {
  const lsn = job.cold == 0 ? 0 : coldAddress(job.cold).stateLsn;
  if (lsn != 0 && segments.segmentOf(lsn).number == number) journal.recordState(job);
}

function keepOne(record: Record, number: u32): void {
  if (record.kind == RECORD_DELETE) {
    const tombstone = changetype<DeleteRecord>(record);
    if (tombstone.origin != number && segments.segmentExists(tombstone.origin)) {
      journal.writeDelete(record.id, 0, 0, 0, tombstone.origin);
    }
    return;
  }
  const found = findJob(record.id);
  if (found == 0) return;
  if (record.kind == RECORD_PUT) keepPut(jobAt(found), number);
  else keepState(jobAt(found), number);
}
