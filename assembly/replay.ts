/* Replay: the journal's records on their way back into the shard when the server starts.
 *
 * The host brings pieces of a segment into the ring, which is not in use yet, and calls `replay`
 * with them. Records of tubes that belong to other shards are passed over, so that the number of
 * shards may differ from the one that wrote them. Bodies in parts are gathering.ts, what jobs were
 * before they moved departed.ts. What keeps records when a segment is reclaimed is keep.ts.
 */
import {
  DAMAGED,
  DONE,
  KEY_ENDED,
  MORE,
  OUT_OF_MEMORY,
  RECORD_DELETE,
  RECORD_FAILURE,
  RECORD_GROUP,
  RECORD_KEY,
  RECORD_PART,
  RECORD_PUT,
  RECORD_RESULT,
  RECORD_TUBE,
  RESULT_COUNT,
  RESULT_ENDED,
  RESULT_ID,
  SETTINGS,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_IN_PLACE,
  STATE_LEAVING,
  STATE_UNLIMITED,
  STATE_UPLOADING,
} from "./constants";
import { arrangeTubes } from "./arranging";
import { startWaiting, stopWaiting } from "./batched";
import { forgetOlder, noteOlder } from "./departed";
import * as failures from "./failure";
import { Failure, failureAt, firstFailure } from "./failure";
import { dropGatheredUpTo, dropGiven, findGathering, findRecorded } from "./gathering";
import { dropGathering, gatherPart, makePartedJob, putTogether, uncountParts } from "./gathering";
import {
  AWAY,
  HINT_IS_OLD,
  Job,
  TAGGED,
  appendBody,
  coldAt,
  coldOf,
  jobAt,
  makeAwayJob,
  makeJob,
  mayBeAway,
  movesOf,
  setPlace,
} from "./job";
import * as journal from "./journal";
import {
  DeleteRecord,
  FailureRecord,
  KeyRecord,
  PartRecord,
  PutRecord,
  Record,
  ResultRecord,
  StateRecord,
  TubeRecord,
} from "./journal";
import {
  beginCooling,
  dropCooling,
  dropTags,
  findCooling,
  findKey,
  keyHash,
  leaveKey,
  remakeCooling,
  takeKey,
} from "./keys";
import { PARKED_UNTIL } from "./jobgroups";
import { takeNames } from "./joining";
import { leaveOrStay } from "./leaving";
import { watchLimits } from "./limits";
import * as parts from "./parts";
import * as ready from "./ready";
import { forgetResult, recallResult } from "./recalling";
import * as segments from "./segments";
import { Segment, lsnIn } from "./segments";
import {
  Settings,
  applyOrder,
  clearValues,
  dropSettings,
  makeSettings,
  setValue,
  settingsAt,
} from "./settings";
import { enter, jobs, leave, ringBase, setResult, shard } from "./shard";
import * as states from "./states";
import * as table from "./table";
import { Tags, attach, entryNumber, keyEntry, retell, setCharged, setLeaving } from "./tags";
import { setNoLimits } from "./tags";
import { tagBytes, tagsAt, tagsOf, textOf } from "./tags";
import { Tube, findOrMakeTube, findTube, forgetIfUnused, nameHash, tubeAt } from "./tube";
import { isSound, keyEntryOf, plainBytes, tagBytesOf } from "./sound";
import {
  FAILURE_BYTES,
  KEY_BYTES,
  PLACES_BYTES,
  PLACES_ENTRY_BYTES,
  PUT_BYTES,
  SETTING_ENTRY_BYTES,
  SETTING_ENTRY_VALUE,
  STATE_BYTES,
  TUBE_RECORD_BYTES,
} from "./layouts";

/** Whether the tube whose name stands there belongs to this shard. */
function isMine(name: usize, record: Record, shards: u32): bool {
  return (nameHash(name, record.nameBytes) & (shards - 1)) == shard().index;
}

/**
 * Replays the `bytes` bytes staged at `offset` of the ring, part of the segment that was added
 * last, salted with `salt`, for a server of `shards` shards whose engine clock shows `now`.
 * RESULT_COUNT is how far it came: DONE at the end, DAMAGED in front of what is no sound record
 * (the host looks further on), OUT_OF_MEMORY. `isYoung` 1: the records are younger than the hints.
 * RESULT_ID is the highest id seen, 0 if none.
 *
 * A job's PUT record may have been written again behind those of its failures: `strays` is how many
 * failures were passed over because their job is not here (yet). When all segments have been
 * replayed they get a second chance: `again` 1 takes failures and nothing else, from the segment of
 * number `number`.
 *
 * As many entries as `places` says (PLACES_* of layouts.ts) tell where the records lie; with
 * `leaves` 1 bodies stay there.
 */
export function replay(
  t: u32,
  offset: u32,
  bytes: u32,
  salt: u32,
  shards: u32,
  now: f64,
  isYoung: u32,
  again: u32,
  number: u32,
  places: u32,
  leaves: u32,
): i32 {
  enter();
  shard().leavesBodies = leaves;
  shard().places = places;
  shard().isRecalling = 1;
  const segment = again == 0 ? segments.last() : segments.segmentOfNumber(number);
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
    if (record.kind == RECORD_FAILURE) {
      const found = findStanding(record.id);
      if (found == 0) shard().strays++;
      else if (!recall(address, changetype<FailureRecord>(record), jobAt(found), segment)) {
        answer = OUT_OF_MEMORY;
        break;
      }
    } else if (again == 0 && !apply(address, record, segment, shards, now)) {
      answer = OUT_OF_MEMORY;
      break;
    }
    if (isYoung != 0 && record.kind != RECORD_FAILURE) outdateHint(record.id);
    at += record.bytes;
  }
  setResult(t, RESULT_COUNT, <f64>at);
  setResult(t, RESULT_ID, <f64>highest);
  return leave(t, answer);
}

/** How many failures were met so far whose jobs were not here. */
export function strays(): u32 {
  return shard().strays;
}

/** Whether a job was met that had moved: 1 or 0. */
export function hasMetMoved(): u32 {
  return shard().metMoved;
}

/** The hints know nothing of this record. */
function outdateHint(id: u64): void {
  const found = findRecorded(id);
  if (found != 0) jobAt(found).flags |= HINT_IS_OLD;
}

/** Where the record in the ring lies in its segment, in units of 8 bytes. */
function placeOfRecord(address: usize): u32 {
  let places = shard().places;
  const at = <f64>(address - ringBase());
  let entry = ringBase() + <usize>shard().ringBytes - PLACES_BYTES;
  while (--places > 0 && load<f64>(entry + PLACES_ENTRY_BYTES) <= at) entry += PLACES_ENTRY_BYTES;
  return <u32>((load<f64>(entry, 8) + at - load<f64>(entry)) / 8);
}

function apply(address: usize, record: Record, segment: Segment, shards: u32, now: f64): bool {
  if (record.kind == RECORD_TUBE)
    return resetTube(address, changetype<TubeRecord>(record), segment, shards);
  const found = findRecorded(record.id);
  const stands = found != 0 && jobAt(found).state != STATE_UPLOADING;
  if (record.kind == RECORD_GROUP) return true; // all of its frame counts, or nothing
  if (record.kind == RECORD_PUT) {
    return applyPut(address, changetype<PutRecord>(record), found, segment, shards, now);
  }
  if (record.kind == RECORD_PART) {
    return gatherPart(address, changetype<PartRecord>(record), found, segment, shards);
  }
  if (record.kind == RECORD_KEY) {
    return recallKey(changetype<KeyRecord>(record), stands ? found : 0, segment, shards, now);
  }
  if (record.kind == RECORD_RESULT) {
    return recallResult(changetype<ResultRecord>(record), lsnIn(segment), segment, shards, now);
  }
  if (record.kind == RECORD_DELETE) {
    // Its PUT may lie in a segment that another shard's part of the journal reads: count the
    // tombstone in each.
    const tombstone = changetype<DeleteRecord>(record);
    segments.countTombstone(tombstone, segment);
    if (record.state == KEY_ENDED) endRecalled(tombstone);
    else if (record.state == RESULT_ENDED) forgetResult(tombstone);
    else if (record.state == journal.DROPS) dropGiven(tombstone);
    else entomb(tombstone, found, now);
  } else if (found != 0) {
    const state = changetype<StateRecord>(record);
    return !journal.isOfNow(state, jobAt(found)) || restate(state, jobAt(found), segment, now);
  }
  return true;
}

function applyPut(
  address: usize,
  record: PutRecord,
  found: u32,
  segment: Segment,
  shards: u32,
  now: f64,
): bool {
  const isHere = isMine(address + PUT_BYTES, record, shards);
  const moves = journal.movesInPut(record);
  if (moves != 0) shard().metMoved = 1;
  if (found == 0) return !isHere || restore(address, record, segment, now);
  const job = jobAt(found);
  if (moves < movesOf(job)) {
    noteOlder(job, moves, segment.number); // of a tube that it has left
    return true;
  }
  if (moves == movesOf(job)) return renew(record, job, segment, now);
  // In a tube of another shard: that has it, and ends this one (endOlder).
  return !isHere || replace(address, record, job, segment, now);
}

/**
 * A tombstone, and the job of its id if that was met. If what was met is not the record that the
 * tombstone is of, since the segment with that one is missing, the tombstone may go before it does:
 * so its segment goes first.
 */
function entomb(record: DeleteRecord, found: u32, now: f64): void {
  const moves = journal.movesInDelete(record);
  dropGatheredUpTo(record.id, moves);
  if (found == 0) return;
  const job = jobAt(found);
  if (job.state != STATE_UPLOADING && moves < movesOf(job)) {
    forgetOlder(job, moves);
    return;
  }
  if (job.lsn != 0) {
    const met = segments.segmentOf(job.lsn);
    if (met.number != record.origin) met.superseded++;
  }
  if (job.state == STATE_UPLOADING) dropGathered(job);
  else deleteReplayed(job, now);
}

/* Tubes. */

/** What is set for a tube is what this record says. False when there is no memory. */
function resetTube(address: usize, record: TubeRecord, segment: Segment, shards: u32): bool {
  const name = address + TUBE_RECORD_BYTES + record.count * SETTING_ENTRY_BYTES;
  if (!isMine(name, record, shards)) return true;
  const found = findTube(name, record.nameBytes);
  const known = found == 0 ? 0 : tubeAt(found).settings;
  if (known != 0) uncountSettings(settingsAt(known));
  if (record.count == 0) {
    segments.countUnset(record, segment);
    if (found != 0) dropSettings(tubeAt(found));
    return true;
  }
  const at = findOrMakeTube(name, record.nameBytes, 1);
  if (at == 0) return false;
  if (known == 0) tubeAt(at).settings = makeSettings(true);
  if (tubeAt(at).settings == 0) return false;
  const settings = settingsAt(tubeAt(at).settings);
  clearValues(settings);
  for (let entry = address + TUBE_RECORD_BYTES; entry < name; entry += SETTING_ENTRY_BYTES) {
    const which = load<u32>(entry);
    if (which < <u32>SETTINGS) setValue(settings, which, load<f64>(entry, SETTING_ENTRY_VALUE));
  }
  applyOrder(tubeAt(at));
  if (settings.firstLsn == 0) settings.firstLsn = lsnIn(segment);
  settings.lsn = lsnIn(segment);
  settings.recordBytes = record.bytes;
  segment.liveBytes += record.bytes;
  return true;
}

function uncountSettings(settings: Settings): void {
  segments.segmentOf(settings.lsn).liveBytes -= settings.recordBytes;
}

/** Ends a job that the journal says is gone. */
function endReplayed(job: Job): void {
  uncount(job);
  uncountParts(job);
  for (let at = firstFailure(job); at != 0; at = failureAt(at).next) uncountFailure(failureAt(at));
  states.leaveState(job);
  states.endJob(job);
}

/**
 * Ends a job that was deleted: the cooldown of its key, of which the journal told before, begins.
 */
function deleteReplayed(job: Job, now: f64): void {
  if ((job.flags & TAGGED) != 0) coolReplayed(tagsOf(job), now);
  endReplayed(job);
}

function coolReplayed(tags: Tags, now: f64): void {
  if (tags.isKey == 0 || tags.lsn == 0 || <i64>tags.until <= <i64>now) return;
  beginCooling(tags, tags.until);
  segments.segmentOf(tags.lsn).liveBytes += journal.keyBytes(tags);
}

/* Cooldowns of keys. */

/**
 * A key's cooldown until a moment, of `found`, a job that stands, which its deletion will follow,
 * or 0. No wall clock makes it longer than it was asked to be.
 */
function recallKey(record: KeyRecord, found: u32, segment: Segment, shards: u32, now: f64): bool {
  const entry = keyEntryOf(record);
  const most = <f64>entryNumber(entry) * 1000000;
  const until = now + min(record.until - shard().wallBase - now, most);
  if (found != 0 && isOfItsTube(record, jobAt(found))) {
    const job = jobAt(found);
    if ((job.flags & TAGGED) == 0) return true;
    tagsOf(job).lsn = lsnIn(segment);
    tagsOf(job).until = <u64>max(until, 0);
    return true;
  }
  const name = changetype<usize>(record) + KEY_BYTES;
  if ((nameHash(name, record.nameBytes) & (shards - 1)) != shard().index) return true;
  const tube = findOrMakeTube(name, record.nameBytes, 1);
  if (tube == 0) return false;
  const known = findCooling(keyHash(tubeAt(tube), entry), record.id);
  if (known != 0) {
    uncountKey(tagsAt(known)); // its segment was being reclaimed when the server stopped
    countKey(tagsAt(known), segment);
    return true;
  }
  if (until <= now) {
    forgetIfUnused(tubeAt(tube));
    return true;
  }
  giveUpKey(tube, entry);
  const made = remakeCooling(tubeAt(tube), record.id, entry, record.bodyBytes, <u64>until);
  if (made == 0) return false;
  countKey(tagsAt(made), segment);
  return true;
}

/** Whether a record is of the tube that the job is in, and not of one to which it has moved. */
function isOfItsTube(record: KeyRecord, job: Job): bool {
  return findTube(changetype<usize>(record) + KEY_BYTES, record.nameBytes) == job.tube;
}

function countKey(tags: Tags, segment: Segment): void {
  tags.lsn = lsnIn(segment);
  segment.liveBytes += journal.keyBytes(tags);
}

function uncountKey(tags: Tags): void {
  segments.segmentOf(tags.lsn).liveBytes -= journal.keyBytes(tags);
}

/** The journal says that a cooldown was over. */
function endRecalled(record: DeleteRecord): void {
  const found = findCooling(record.stateLsn, record.id);
  if (found != 0) endCoolingUnsaid(tagsAt(found));
}

function endCoolingUnsaid(tags: Tags): void {
  const tube = tubeAt(tags.tube);
  uncountKey(tags);
  dropCooling(tags);
  forgetIfUnused(tube);
}

/**
 * A key that somebody is about to have is nobody else's: that one record says so and another does
 * not is damage, and the newer one is right.
 */
function giveUpKey(tube: u32, entry: usize): void {
  const found = findKey(tube, entry);
  if (found == 0) return;
  if (tagsAt(found).isCooling == 0) leaveKey(tagsAt(found));
  else {
    uncountKey(tagsAt(found));
    dropCooling(tagsAt(found));
  }
}

/** Parts whose PUT record is not there mean nothing, nor does a put that waits for its batch. */
function dropGathered(job: Job): void {
  const tube = job.lsn == 0 ? 0 : job.tube;
  if (tube != 0) {
    uncount(job);
    stopWaiting(job);
    if ((job.flags & TAGGED) != 0) dropTags(job);
  }
  dropGathering(job);
  if (tube != 0) letGo(tubeAt(tube));
}

/*
 * Puts that went ahead of their batch. Until the STATE record of the batch says that they are jobs
 * they stand aside, and use their tube.
 */

/** The job, whose PUT record was met, waits for its batch. */
function putAside(job: Job): void {
  job.state = STATE_UPLOADING;
  startWaiting(job);
  tubeAt(job.tube).using++;
}

/** Its batch was met: it is its tube's, but stands nowhere yet. False when there is no memory. */
function bringIn(job: Job): bool {
  stopWaiting(job);
  tubeAt(job.tube).using--;
  return join(job);
}

function letGo(tube: Tube): void {
  tube.using--;
  forgetIfUnused(tube);
}

/** The job is one of its tube's, and has its key and names. False when there is no memory. */
function join(job: Job): bool {
  states.joinTube(tubeAt(job.tube), job);
  if ((job.flags & TAGGED) == 0) return true;
  retakeKey(job);
  return takeNames(job, true);
}

/** The job's key is its own: whoever has it had it before. */
function retakeKey(job: Job): void {
  const own = tagsOf(job);
  const entry = keyEntry(textOf(own), own.textBytes);
  if (entry != 0) giveUpKey(job.tube, entry);
  takeKey(job, tubeAt(job.tube));
}

/**
 * Ends the replay: parts without a PUT record go, and so does a job some of whose parts are
 * missing. MORE for each such job: RESULT_ID is its id, RESULT_COUNT the number of the segment that
 * its PUT record lies in; DONE when there is none left, and the tubes stand in their order.
 */
export function endReplay(t: u32): i32 {
  enter();
  while (shard().batched != 0) dropGathered(jobAt(shard().batched));
  while (shard().openParts != 0) {
    const job = jobAt(parts.partsAt(shard().openParts).job);
    if (job.state == STATE_UPLOADING) {
      dropGathered(job);
      continue;
    }
    setResult(t, RESULT_ID, <f64>job.minor);
    setResult(t, RESULT_COUNT, <f64>segments.segmentOf(job.lsn).number);
    endReplayed(job);
    return leave(t, MORE);
  }
  arrangeTubes();
  return leave(t, DONE);
}

/* Jobs. */

/** Takes the job's records out of the counts of their segments. */
function uncount(job: Job): void {
  segments.segmentOf(job.lsn).liveBytes -= journal.putBytes(job);
  forgetState(job);
}

function forgetState(job: Job): void {
  if (job.cold == 0 || coldAt(job.cold).stateLsn == 0) return;
  segments.segmentOf(coldAt(job.cold).stateLsn).liveBytes -= STATE_BYTES;
  coldAt(job.cold).stateLsn = 0;
}

function uncountFailure(failure: Failure): void {
  segments.segmentOf(failure.lsn).liveBytes -= journal.failureRecordBytes(failure);
}

/** A job that is not there yet, or nothing but parts of its body. */
function restore(address: usize, record: PutRecord, segment: Segment, now: f64): bool {
  const name = address + PUT_BYTES;
  const moves = journal.movesInPut(record);
  const hash = nameHash(name, record.nameBytes);
  const found = record.partBytes == 0 ? 0 : findGathering(record.id, moves, hash);
  const made = found != 0 ? found : makeJobOf(address, record);
  if (made == 0) return false;
  const job = jobAt(made);
  const tube = findOrMakeTube(name, record.nameBytes, 1);
  if (tube == 0) return false;
  // Its jobs must always find a place among the ready ones.
  if (!ready.keepSpareBucket(tubeAt(tube))) return false;
  if (record.partBytes == 0 && job.away != AWAY) {
    const body = name + record.nameBytes;
    if (appendBody(job, 0, body, record.bodyBytes, true) != record.bodyBytes) return false;
  }
  job.tube = tube;
  job.minor = record.id;
  job.ttrSeconds = record.ttrSeconds;
  job.createdMicros = <i64>(record.created - shard().wallBase);
  job.lsn = lsnIn(segment);
  segment.liveBytes += record.bytes;
  if (moves != 0) {
    if (coldOf(job) == 0) return false;
    coldAt(job.cold).moves = moves;
  }
  if (found == 0) table.add(jobs(), job);
  const tags = tagBytesOf(record);
  const text = address + <usize>plainBytes(record);
  if (tags != 0 && !attach(job, record.id, text, tags, true)) return false;
  if (record.state == STATE_UPLOADING) {
    putAside(job);
    return true;
  }
  if (!join(job)) return false;
  stand(job, record.state, record.pri, record.delaySeconds, record.due, now);
  return record.partBytes == 0 || putTogether(job);
}

function makeJobOf(address: usize, record: PutRecord): u32 {
  if (record.partBytes != 0) return makePartedJob(record.bodyBytes, record.partBytes);
  const isAside = record.state == STATE_UPLOADING;
  if (shard().leavesBodies == 0 || isAside || !mayBeAway(record.bodyBytes))
    return makeJob(record.bodyBytes, true);
  return makeAwayJob(record.bodyBytes, placeOfRecord(address));
}

/**
 * A newer PUT record of a job that is there: its segment was being reclaimed when the server
 * stopped.
 */
function renew(record: PutRecord, job: Job, segment: Segment, now: f64): bool {
  const wasAside = job.state == STATE_UPLOADING;
  const isAside = record.state == STATE_UPLOADING;
  segments.segmentOf(job.lsn).superseded++;
  uncount(job);
  if (wasAside && !isAside && !bringIn(job)) return false;
  if (!wasAside) states.leaveState(job);
  job.lsn = lsnIn(segment);
  if (job.away == AWAY) setPlace(job, placeOfRecord(changetype<usize>(record)));
  segment.liveBytes += record.bytes;
  retellTags(record, job, isAside);
  if (isAside) return true;
  stand(job, record.state, record.pri, record.delaySeconds, record.due, now);
  return !wasAside || parts.partsOf(job) == 0 || putTogether(job);
}

/** What a newer PUT record says of the job's key and its limits. */
function retellTags(record: PutRecord, job: Job, isAside: bool): void {
  const bytes = tagBytesOf(record);
  if (bytes == 0 || bytes != tagBytes(job)) return;
  leaveKey(tagsOf(job));
  retell(tagsOf(job), changetype<usize>(record) + <usize>plainBytes(record));
  if (!isAside) retakeKey(job);
}

/**
 * A job that is there has moved to a tube of this shard: what it was goes. Its failures are met
 * again. False when there is no memory.
 */
function replace(address: usize, record: PutRecord, job: Job, segment: Segment, now: f64): bool {
  const id = job.minor;
  const moves = movesOf(job);
  const origin = segments.segmentOf(job.lsn).number;
  if (job.state == STATE_UPLOADING) dropGathered(job);
  else endReplayed(job);
  if (!restore(address, record, segment, now)) return false;
  noteOlder(jobAt(findRecorded(id)), moves, origin);
  return true;
}

/** False when there is no memory. */
function restate(record: StateRecord, job: Job, segment: Segment, now: f64): bool {
  const wasAside = job.state == STATE_UPLOADING;
  if (wasAside && !bringIn(job)) return false;
  forgetState(job);
  if ((job.flags & TAGGED) != 0) {
    setCharged(tagsOf(job), record.bodyBytes);
    if ((record.nameBytes & STATE_UNLIMITED) != 0) setNoLimits(tagsOf(job));
  }
  const leaves = (record.nameBytes & STATE_LEAVING) != 0;
  const isInPlace = (record.nameBytes & STATE_IN_PLACE) != 0;
  if (isInPlace && job.state == STATE_BURIED && record.state == STATE_BURIED) {
    job.pri = record.pri;
    if ((job.flags & TAGGED) != 0) leaveOrStay(job, leaves);
  } else {
    if (!wasAside) states.leaveState(job);
    if ((job.flags & TAGGED) != 0) setLeaving(tagsOf(job), leaves);
    stand(job, record.state, record.pri, record.delaySeconds, record.due, now);
  }
  const cold = coldOf(job);
  if (cold == 0) return true;
  coldAt(cold).stateLsn = lsnIn(segment);
  segment.liveBytes += STATE_BYTES;
  return !wasAside || parts.partsOf(job) == 0 || putTogether(job);
}

/** The job of that id, 0 when nothing but parts of its body were met. */
function findStanding(id: u64): u32 {
  const found = findRecorded(id);
  return found != 0 && jobAt(found).state != STATE_UPLOADING ? found : 0;
}

/** Hangs a failure on its job. False when there is no memory. */
function recall(address: usize, record: FailureRecord, job: Job, segment: Segment): bool {
  if (shard().keepsFailures == 0) return true;
  const at = coldOf(job);
  if (at == 0) return false;
  const cold = coldAt(at);
  cold.failures = max(cold.failures, record.number);
  job.reserves = max(job.reserves, record.attempt);
  const known = failures.failureOf(job, record.number);
  if (known != 0) {
    uncountFailure(failureAt(known)); // its segment was being reclaimed when the server stopped
    failureAt(known).lsn = lsnIn(segment);
    segment.liveBytes += record.bytes;
    return true;
  }
  const failure = remake(address, record);
  if (failure == 0) return false;
  failureAt(failure).lsn = lsnIn(segment);
  segment.liveBytes += record.bytes;
  failures.insertFailure(cold, failureAt(failure));
  if (cold.failuresKept > shard().keepsFailures) {
    uncountFailure(failureAt(cold.failureHead));
    failures.dropOldest(cold);
  }
  return true;
}

/** A failure as the record says, in no list; 0 when there is no memory. */
function remake(address: usize, record: FailureRecord): u32 {
  const who = address + FAILURE_BYTES;
  const bytes = record.bodyBytes;
  const made = failures.makeFailure(who, record.nameBytes, bytes, record.hasMessage != 0, true);
  if (made == 0) return 0;
  const failure = failureAt(made);
  failure.number = record.number;
  failure.attempt = record.attempt;
  failure.atMicros = <i64>(record.at - shard().wallBase);
  failure.end = record.state;
  const taken = failures.appendMessage(failure, 0, who + record.nameBytes, bytes, true);
  return taken == bytes ? made : 0;
}

/** What is left of a delay: no wall clock makes it longer than it was asked to be. */
function leftOf(due: f64, delaySeconds: u32, now: f64): f64 {
  return min(due - shard().wallBase - now, <f64>delaySeconds * 1000000);
}

/** Puts a job that stands nowhere where the journal says that it stood. */
function stand(job: Job, state: u8, pri: u32, delaySeconds: u32, due: f64, now: f64): void {
  job.pri = pri;
  job.delaySeconds = delaySeconds;
  if (state == STATE_BURIED) {
    states.becomeBuried(job);
    return;
  }
  const left = due >= <f64>PARKED_UNTIL ? 0 : leftOf(due, delaySeconds, now);
  if (state == STATE_DELAYED && left > 0) states.becomeDelayedUntil(job, <u64>(now + left));
  else if (state != STATE_DELAYED || !states.park(job, <u64>now))
    states.standReady(job, <u64>now, <u64>now);
  if ((job.flags & TAGGED) != 0) watchLimits(job);
}
