/* Keep: what a segment that goes still holds is written again at the end of the stream.
 *
 * The committer, which reclaims segments, brings pieces of one into a staging area of this memory
 * and calls `keep`; what the file does not tell any more `keepRest` finds among the jobs. What is
 * needed: the PUT record and the latest state of each job, its parts and failures, keys in their
 * cooldown, results, what is set for tubes, and tombstones while what they ended may still lie in a
 * segment. A full ring stops either; the host calls again.
 */
import {
  DAMAGED,
  DONE,
  MORE,
  RECORD_DELETE,
  RECORD_FAILURE,
  RECORD_GROUP,
  RECORD_KEY,
  RECORD_PART,
  RECORD_PUT,
  RECORD_RESULT,
  RECORD_TUBE,
  RESULT_COUNT,
  STEP_JOBS,
} from "./constants";
import { Failure, failureAt, failureOf, firstFailure } from "./failure";
import { ARRIVED, AWAY, CANCELLED, Job, coldAt, jobAt } from "./job";
import * as journal from "./journal";
import { DeleteRecord, FailureRecord, KeyRecord, PartRecord, PutRecord } from "./journal";
import { Record, TubeRecord } from "./journal";
import { findBatched } from "./batched";
import { findCooling, keyHash, keysRoot } from "./keys";
import * as parts from "./parts";
import { Part } from "./parts";
import { Result, findResult, resultAt, resultsRoot } from "./result";
import * as segments from "./segments";
import { Settings, settingsAt } from "./settings";
import { enter, jobs, leave, setResult, shard } from "./shard";
import { findJob } from "./states";
import * as table from "./table";
import { isOf, isSound, keyEntryOf } from "./sound";
import { Tags, tagsAt } from "./tags";
import * as tree from "./tree";
import { Tube, findTube, nameHash, tubeAt } from "./tube";
import { KEY_BYTES, SETTING_ENTRY_BYTES, TUBE_RECORD_BYTES } from "./layouts";

/**
 * Keeps what is still needed of the `bytes` bytes of segment `number` staged at `address`, by
 * writing it again at the end of the stream: jobs whose PUT record lies there, latest states,
 * failures, tombstones whose job's segment still exists. RESULT_COUNT is how far it came: MORE when
 * the ring is full, DONE at the end, DAMAGED in front of what is no sound record.
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
 * As `keep`, for what the file of segment `number` does not tell any more: goes through the jobs,
 * from bucket number `from` of their table on. RESULT_COUNT is where to go on: MORE when the ring
 * is full or enough was done at a time, DONE at the end.
 */
export function keepRest(t: u32, from: u32, number: u32): i32 {
  enter();
  const count = table.heads(jobs());
  const most = min(count, from + STEP_JOBS);
  let bucket = from;
  const isDone = keepUploads(number) && keepAside(number);
  if (from == 0 && !isDone) {
    setResult(t, RESULT_COUNT, 0);
    return leave(t, MORE);
  }
  while (bucket < most && keepBucket(bucket, number)) bucket++;
  setResult(t, RESULT_COUNT, <f64>bucket);
  return leave(t, bucket < count ? MORE : DONE);
}

/** False when the ring is full before the end: then the bucket is to be gone through again. */
function keepBucket(bucket: u32, number: u32): bool {
  for (let at = table.head(jobs(), bucket); at != 0; at = jobAt(at).chain) {
    if (!journal.hasRoom()) return false;
    const job = jobAt(at);
    if (isOnlyTombstone(job)) continue;
    keepPut(job, number);
    keepState(job, number);
    if (!keepParts(job, number) || !keepFailures(job, number)) return false;
  }
  return true;
}

/** A job that was cancelled, or has moved: a tombstone is all that is kept of it here. */
function isOnlyTombstone(job: Job): bool {
  return (job.flags & CANCELLED) != 0 || job.lsn == 0;
}

/** What no job has; false when the ring is full before the end. */
function keepAside(number: u32): bool {
  return keepTubes(number) && keepCooldowns(number) && keepResults(number);
}

/** All uploads, puts that wait and jobs that come; false when the ring is full before the end. */
function keepUploads(number: u32): bool {
  for (let at = shard().batched; at != 0; at = jobAt(at).left) {
    if (!journal.hasRoom()) return false;
    keepPut(jobAt(at), number);
  }
  for (let at = shard().openParts; at != 0; at = parts.partsAt(at).next) {
    if (!keepParts(jobAt(parts.partsAt(at).job), number)) return false;
  }
  for (let at = shard().arriving; at != 0; at = jobAt(at).left) {
    if (!keepFailures(jobAt(at), number)) return false;
  }
  return true;
}

/** What is set for all tubes; false when the ring is full before the end. */
function keepTubes(number: u32): bool {
  for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
    if (tubeAt(at).settings == 0) continue;
    if (!journal.hasRoom()) return false;
    keepSettings(tubeAt(at), number);
  }
  return true;
}

/** The job of that id that comes and is not whole yet, or 0. */
function findArriving(id: u64): u32 {
  let at = shard().arriving;
  while (at != 0 && jobAt(at).minor != id) at = jobAt(at).left;
  return at;
}

/** All parts of a body that lie in the segment; false when the ring is full before the end. */
function keepParts(job: Job, number: u32): bool {
  const at = parts.partsOf(job);
  if (at == 0) return true;
  const count = parts.partsAt(at).count;
  for (let index: u32 = 0; index < count; ++index) {
    if (!liesIn(parts.partAt(parts.partsAt(at), index), number)) continue;
    if (!journal.hasRoom()) return false;
    journal.recordPart(job, index);
  }
  return true;
}

/** False when the ring is full before the end. */
function keepFailures(job: Job, number: u32): bool {
  for (let at = firstFailure(job); at != 0; at = failureAt(at).next) {
    if (!journal.hasRoom()) return false;
    keepFailure(job, failureAt(at), number);
  }
  return true;
}

function liesIn(part: Part, number: u32): bool {
  return part.lsn != 0 && segments.segmentOf(part.lsn).number == number;
}

function keepPart(job: Job, record: PartRecord, number: u32): void {
  const at = parts.partsOf(job);
  if (at == 0 || !isOf(record, parts.partsAt(at))) return;
  if (liesIn(parts.partAt(parts.partsAt(at), record.index), number)) {
    journal.recordPart(job, record.index);
  }
}

function keepFailure(job: Job, failure: Failure, number: u32): void {
  if (segments.segmentOf(failure.lsn).number != number) return;
  journal.recordFailure(job, failure, failure.lsn, journal.failureRecordBytes(failure));
}

/** A body that is not in memory is in the `record`; without one, and not in the ring, it stays. */
function keepPut(job: Job, number: u32, record: usize = 0): void {
  if (segments.segmentOf(job.lsn).number != number) return;
  if (job.away != AWAY) journal.recordPut(job);
  else if (record != 0) journal.recordPut(job, journal.bodyIn(changetype<PutRecord>(record)));
}

function keepState(job: Job, number: u32): void {
  const lsn = job.cold == 0 ? 0 : coldAt(job.cold).stateLsn;
  if (lsn != 0 && segments.segmentOf(lsn).number == number) journal.recordState(job);
}

function keepSettings(tube: Tube, number: u32): void {
  const settings = settingsAt(tube.settings);
  if (segments.segmentOf(settings.lsn).number == number) journal.recordTube(tube, settings);
}

/**
 * What is set for a tube, or that nothing is. A tombstone goes in front of no record of a tube for
 * which something is set again: that one's tombstone will have to reach as far.
 */
function keepTube(record: TubeRecord, number: u32): void {
  const name = changetype<usize>(record) + TUBE_RECORD_BYTES + record.count * SETTING_ENTRY_BYTES;
  const nameBytes = <u32>record.nameBytes;
  if ((nameHash(name, nameBytes) & (shard().shards - 1)) != shard().index) return;
  const isNeeded =
    record.count == 0 && segments.anyExists(record.lowOrigin, record.highOrigin, number);
  const found = findTube(name, nameBytes);
  if (found != 0 && tubeAt(found).settings != 0) {
    keepSettings(tubeAt(found), number);
    if (isNeeded) reachBack(settingsAt(tubeAt(found).settings), record);
  } else if (isNeeded) {
    journal.keepUnset(name, nameBytes, record.lowOrigin, record.highOrigin);
  }
}

/** Records of the tube may lie in all segments in which the tombstone knows of some. */
function reachBack(settings: Settings, record: TubeRecord): void {
  if (settings.lowOrigin == 0 || record.lowOrigin < settings.lowOrigin)
    settings.lowOrigin = record.lowOrigin;
  settings.highOrigin = max(settings.highOrigin, record.highOrigin);
}

/** The job of that id; of two, while it moves within the shard, the one that is to stay. */
function findNewest(id: u64): u32 {
  const found = findJob(id);
  if (found == 0 || (jobAt(found).flags & ARRIVED) != 0) return found;
  let at = jobAt(found).chain;
  while (at != 0 && jobAt(at).minor != id) at = jobAt(at).chain;
  return at == 0 ? found : at;
}

function keepOne(record: Record, number: u32): void {
  if (record.kind == RECORD_TUBE) {
    keepTube(changetype<TubeRecord>(record), number);
    return;
  }
  if (record.kind == RECORD_DELETE) {
    const tombstone = changetype<DeleteRecord>(record);
    if (tombstone.origin != number && segments.segmentExists(tombstone.origin)) {
      journal.keepDelete(tombstone);
    }
    return;
  }
  if (record.kind == RECORD_GROUP) return;
  if (record.kind == RECORD_KEY) {
    keepKey(changetype<KeyRecord>(record), number);
    return;
  }
  if (record.kind == RECORD_RESULT) {
    const kept = findResult(record.id);
    if (kept != 0) keepResult(resultAt(kept), number);
    return;
  }
  const coming = findArriving(record.id);
  if (coming != 0) keepComing(jobAt(coming), record, number);
  const isPart = record.kind == RECORD_PART;
  let found = findNewest(record.id);
  if (found == 0 && isPart) found = parts.findOpen(record.id);
  if (found == 0 && record.kind == RECORD_PUT) found = findBatched(record.id);
  if (found == 0 || found == coming) return;
  const job = jobAt(found);
  if (isOnlyTombstone(job)) return;
  if (isPart) keepPart(job, changetype<PartRecord>(record), number);
  else if (record.kind == RECORD_PUT) keepPut(job, number, changetype<usize>(record));
  else if (record.kind == RECORD_FAILURE)
    keepOneFailure(job, changetype<FailureRecord>(record), number);
  else keepState(job, number);
}

/** A cooldown whose latest record is this one. */
function keepKey(record: KeyRecord, number: u32): void {
  const tube = findTube(changetype<usize>(record) + KEY_BYTES, record.nameBytes);
  if (tube == 0) return;
  const found = findCooling(keyHash(tubeAt(tube), keyEntryOf(record)), record.id);
  if (found != 0) keepCooling(tagsAt(found), number);
}

function keepCooling(tags: Tags, number: u32): void {
  if (segments.segmentOf(tags.lsn).number == number) journal.recordKey(tags, tags.lsn);
}

/** All cooldowns that have their record in the segment; false when the ring is full before. */
function keepCooldowns(number: u32): bool {
  for (let at = tree.first(keysRoot()); at != 0; at = tree.next(at)) {
    if (tagsAt(at).isCooling == 0) continue;
    if (!journal.hasRoom()) return false;
    keepCooling(tagsAt(at), number);
  }
  return true;
}

function keepComing(job: Job, record: Record, number: u32): void {
  if (record.kind == RECORD_PART) keepPart(job, changetype<PartRecord>(record), number);
  else if (record.kind == RECORD_FAILURE)
    keepOneFailure(job, changetype<FailureRecord>(record), number);
}

function keepResult(result: Result, number: u32): void {
  if (segments.segmentOf(result.lsn).number == number) journal.recordResult(result, result.lsn);
}

/** All results that have their record in the segment; false when the ring is full before. */
function keepResults(number: u32): bool {
  for (let at = tree.first(resultsRoot()); at != 0; at = tree.next(at)) {
    if (!journal.hasRoom()) return false;
    keepResult(resultAt(at), number);
  }
  return true;
}

function keepOneFailure(job: Job, record: FailureRecord, number: u32): void {
  const at = failureOf(job, record.number);
  if (at != 0) keepFailure(job, failureAt(at), number);
}
