/* Journal: the one point in a shard that every mutation passes through, and the ring of records
 * that it leaves there.
 *
 * Each mutation writes one record into the ring, in the order in which the lock let them happen. A
 * position in the shard's stream of records, its LSN, is a count of bytes since the shard's stream
 * began; a record's own LSN is the position behind it. A reply that depends on a mutation waits
 * until the host says that the stream is safe up to there. Without a journal the ring has no bytes,
 * a mutation only counts, and everything is safe at once.
 *
 *   ring:  ... | taken by the committer | records on their way to the disk | free ...
 *              ^ ringTail                                                  ^ ringHead
 *                                                               (positions modulo ringBytes)
 *
 * A record lies in one piece: what is left of the ring at its end is skipped by a mark. Nobody may
 * write a record without room for it: commands are held back while less than a command may need is
 * free (`hasRoom`), so running out of room is a broken invariant.
 *
 *   record:   0 bytes u32 | 4 crc u32 | 8 kind u8, state u8, nameBytes u16 | 12 bodyBytes u32
 *             | 16 id u64 | 24 lsn u64
 *   PUT:      32 pri u32 | 36 delay u32 | 40 ttr u32 | 44 partBytes u32 | 48 created f64
 *             | 56 due f64 | 64 old PUT's lsn | 72 old STATE's lsn
 *             | 80 name | body | 0..7 zeros | tags (tags.ts) | how often it has moved, if ever
 *   STATE:    32 pri u32 | 36 delay u32 | 40 due f64 | 48 old STATE's lsn;
 *             nameBytes: STATE_IN_PLACE, STATE_UNLIMITED, STATE_LEAVING, and how often the job
 *             has moved from STATE_MOVES on; bodyBytes: attempts that it is charged with
 *   DELETE:   32 PUT's lsn | 40 STATE's lsn | 48 PUT's bytes u32
 *             | 52 number of the PUT's segment u32
 *             | 56 for each failure: its FAILURE's lsn u64, bytes u32, - u32
 *             | how often the job had moved u64, if ever;
 *             state is DROPS when it ends no job: then 40 is the hash of its tube's name
 *   PART:     32 number u32 | 36 bytes of each part but the last u32
 *             | 40 hash of the tube's name u32 | 44 how often the job had moved u32
 *             | 48 old PART's lsn
 *             | 56 its share of the body | 0..7 zeros
 *             (state KEY_ENDED: the KEY's lsn, the hash of tube and key, the KEY's bytes)
 *   KEY:      32 end of the cooldown f64 | 40 old KEY's lsn | 48 - u64
 *             | 56 name, to 8 | the key's tag
 *   RESULT:   32 end of its time f64 | 40 old RESULT's lsn | 48 seconds that it is kept u32
 *             | 52 hash of the tube's name u32 | 56 when it was made f64
 *             | 64 result | 0..7 zeros
 *             (its end: a DELETE of state RESULT_ENDED: the RESULT's lsn, when it was made,
 *             its bytes)
 *   FAILURE:  32 number u32 | 36 attempt u32 | 40 at f64
 *             | 48 old FAILURE's lsn | 56 its bytes u32 | 60 has a message u32
 *             | 64 who | message | 0..7 zeros
 *   GROUP:    32 number u64 | 40 extent u32 | 44 shards u32 | 48 - u64
 *   TUBE:     32 old TUBE's lsn | 40 first TUBE's lsn | 48 old TUBE's bytes u32
 *             | 52 lowest and 56 highest number of a segment with an older one u32
 *             | 60 count u32 | 64 for each setting: number u32, - u32, value f64
 *             | name | 0..7 zeros
 *
 * A long body goes ahead of its PUT record in PART records (parts.ts); bodyBytes is that of the
 * whole body in both. A job exists when its PUT record does: parts without one mean nothing.
 *
 * All little-endian, a multiple of 8 bytes, times in microseconds since 1970.
 * docs/journal-format.md is the contract for readers.
 */
import {
  KEY_ENDED,
  RECORD_DELETE,
  RECORD_FAILURE,
  RECORD_KEY,
  RECORD_RESULT,
  RESULT_ENDED,
  RECORD_PART,
  RECORD_PUT,
  RECORD_STATE,
  RECORD_TUBE,
  NOT_SET,
  SETTINGS,
  SKIP_MARK,
  STATE_IN_PLACE,
  STATE_LEAVING,
  STATE_MOVES,
  STATE_MOVES_MASK,
  STATE_UNLIMITED,
  WHO_MAX,
  STATE_DELAYED,
  TUBE_NAME_MAX,
} from "./constants";
import { Failure, failureAt, failuresKept, firstFailure, readMessage, whoOf } from "./failure";
import { AWAY, CANCELLED, Job, NO_PLACE, TAGGED, WHOLE, coldAt, coldOf, movesOf } from "./job";
import { placeOf, readBody, setPlace, stateOf } from "./job";
import * as parts from "./parts";
import { Parts } from "./parts";
import { Result, lengthOf } from "./result";
import { Settings, countOf, valueOf } from "./settings";
import { Shard, must, ringBase, shard } from "./shard";
import { Tags, chargedOf, idpEntry, idpEntryBytes, isLeaving, isUnlimited } from "./tags";
import { tagBytes, tagsOf, textOf } from "./tags";
import { Tube, nameOf, ownHash, tubeAt } from "./tube";
import {
  MOVES_BYTES,
  DELETE_BYTES,
  FAILURE_BYTES,
  KEY_BYTES,
  PART_BYTES,
  PUT_BYTES,
  RESULT_BYTES,
  SETTING_ENTRY_BYTES,
  SETTING_ENTRY_VALUE,
  STATE_BYTES,
  TUBE_RECORD_BYTES,
} from "./layouts";

@unmanaged
export class Record {
  bytes: u32;
  crc: u32;
  kind: u8;
  state: u8;
  nameBytes: u16;
  /** In a DELETE, until it is counted: address of the list of the job's parts, or 0. */
  bodyBytes: u32;
  id: u64;
  lsn: u64;
}

@unmanaged
export class PutRecord extends Record {
  pri: u32;
  delaySeconds: u32;
  ttrSeconds: u32;
  /** Bytes of each part of the body but the last; 0 when the body stands in this record. */
  partBytes: u32;
  created: f64;
  due: f64;
  oldPut: u64;
  oldState: u64;
}

@unmanaged
export class StateRecord extends Record {
  pri: u32;
  delaySeconds: u32;
  due: f64;
  oldState: u64;
}

@unmanaged
export class DeleteRecord extends Record {
  putLsn: u64;
  stateLsn: u64;
  putBytes: u32;
  origin: u32;
}

@unmanaged
export class PartRecord extends Record {
  index: u32;
  partBytes: u32;
  /** Says which shard it is for, whatever their number. */
  tubeHash: u32;
  /** How often the job had moved, or will have when it is there. */
  moves: u32;
  oldPart: u64;
}

/** The cooldown of the key of a job that was deleted; `bodyBytes` is the length of its tag. */
@unmanaged
export class KeyRecord extends Record {
  until: f64;
  oldKey: u64;
  unused: u64;
}

/** What a finished job left; `bodyBytes` is its length. */
@unmanaged
export class ResultRecord extends Record {
  until: f64;
  oldResult: u64;
  keepSeconds: u32;
  tubeHash: u32;
  made: f64;
}

/**
 * Kind FAILURE; `state` is how the attempt ended, `nameBytes` the length of who made it,
 * `bodyBytes` that of the message.
 */
@unmanaged
export class FailureRecord extends Record {
  number: u32;
  attempt: u32;
  at: f64;
  oldFailure: u64;
  oldBytes: u32;
  hasMessage: u32;
}

/** The batch's records follow it; `extent` is what they take of the stream with it. */
@unmanaged
export class GroupRecord extends Record {
  group: u64;
  extent: u32;
  shards: u32;
  unused: u64;
}

/**
 * Kind TUBE, which has no id. All that is set for the tube stands in it; nothing: a tombstone,
 * needed while one of the segments from `lowOrigin` to `highOrigin` exists.
 */
@unmanaged
export class TubeRecord extends Record {
  oldTube: u64;
  firstTube: u64;
  oldBytes: u32;
  lowOrigin: u32;
  highOrigin: u32;
  count: u32;
}

/** What a DELETE record says of one failure. */
export const DELETED_FAILURE_BYTES: u32 = 16;
/** In a PUT record that looks like a tag, of a kind that none has. */
const MOVES_KIND: u8 = 0xff;
/** The state in a DELETE record that ends no job: what was to come did not. */
export const DROPS: u8 = 2;
/** Bytes of the longest FAILURE record without a message. */
export const FAILURE_BYTES_SILENT: u32 = FAILURE_BYTES + WHO_MAX;

export function isOpen(): bool {
  return shard().ringBytes != 0;
}

function roundUp8(bytes: u32): u32 {
  return (bytes + 7) & ~7;
}

/** Bytes of the PUT record of `job`. */
export function putBytes(job: Job): u32 {
  const body = parts.partsOf(job) == 0 ? job.bodyBytes : 0;
  const plain = roundUp8(PUT_BYTES + tubeAt(job.tube).nameBytes + body) + tagBytes(job);
  return movesOf(job) == 0 ? plain : plain + MOVES_BYTES;
}

/**
 * Whether one PUT record can hold the job, which has no parts, once it has moved to `tube`: it must
 * fit where records are read back.
 */
export function mayMoveTo(job: Job, tube: Tube): bool {
  if (!isOpen() || parts.partsOf(job) != 0) return true;
  const bytes = roundUp8(PUT_BYTES + tube.nameBytes + job.bodyBytes) + tagBytes(job);
  return bytes + MOVES_BYTES <= shard().partBytes << 1;
}

/** Whether one PUT record can hold the job's body and `tags` bytes of tags, wherever it moves. */
export function mayHold(job: Job, tags: u32): bool {
  const bytes = roundUp8(PUT_BYTES + TUBE_NAME_MAX + job.bodyBytes) + tags + MOVES_BYTES;
  return !isOpen() || bytes <= shard().partBytes << 1;
}

/** How often the job of a PUT record had moved. */
export function movesInPut(record: PutRecord): u32 {
  const body = record.partBytes == 0 ? record.bodyBytes : 0;
  const plain = roundUp8(PUT_BYTES + record.nameBytes + body);
  if (record.bytes < plain + MOVES_BYTES) return 0;
  const last = changetype<usize>(record) + record.bytes - MOVES_BYTES;
  return load<u8>(last) == MOVES_KIND ? load<u32>(last, 4) : 0;
}

/** How often the job of a DELETE record had moved. */
export function movesInDelete(record: DeleteRecord): u32 {
  if ((record.bytes - DELETE_BYTES) % DELETED_FAILURE_BYTES == 0) return 0;
  return load<u32>(changetype<usize>(record) + record.bytes - MOVES_BYTES);
}

/**
 * Whether a STATE record is of the job since it has moved the last time, or of later on: of how
 * often it had moved it says only the lower bits.
 */
export function isOfNow(record: StateRecord, job: Job): bool {
  const ahead = (<u32>record.nameBytes >> STATE_MOVES) - movesOf(job);
  return (ahead & STATE_MOVES_MASK) <= STATE_MOVES_MASK >> 1;
}

/** Bytes of a PART record. */
export function partBytes(list: Parts, index: u32): u32 {
  return roundUp8(PART_BYTES + parts.lengthOf(list, index));
}

/**
 * Sends a new job's body to the journal in parts if one record is not to hold it and `tags` bytes
 * of tags, in the tube with the longest name; false when there is no memory.
 */
export function split(job: Job, tags: u32): bool {
  return mayHold(job, tagBytes(job) + tags) || parts.makeParts(job, shard().partBytes, false);
}

/** Whether the ring has room for whatever one command may write; true without a journal. */
export function hasRoom(): bool {
  const s = shard();
  return s.ringBytes == 0 || s.ringBytes - (s.ringHead - s.ringTail) >= s.ringReserve;
}

/**
 * Whether there is room for a record of `bytes` that no command asked for: what commands count on
 * stays free.
 */
export function hasRoomBeside(bytes: u32): bool {
  const s = shard();
  return s.ringBytes == 0 || s.ringBytes - (s.ringHead - s.ringTail) >= s.ringReserve + 2 * bytes;
}

/** A record of `bytes` bytes at the head of the ring, its header written. */
export function begin(kind: u8, bytes: u32, id: u64): usize {
  const s = shard();
  const size = s.ringBytes;
  let at = s.ringHead % size;
  if (size - at < bytes) {
    store<u32>(ringBase() + <usize>at, SKIP_MARK | <u32>(size - at));
    s.ringHead += size - at;
    at = 0;
  }
  s.ringHead += bytes;
  s.records++;
  must(s.ringHead - s.ringTail <= size); // hasRoom was asked
  const address = ringBase() + <usize>at;
  const record = changetype<Record>(address);
  record.bytes = bytes;
  record.crc = 0;
  record.kind = kind;
  record.state = 0;
  record.nameBytes = 0;
  record.bodyBytes = 0;
  record.id = id;
  record.lsn = s.ringHead;
  s.lsn = s.ringHead;
  return address;
}

/**
 * The record is whole: only now may the committer, which looks without the lock, see that it is
 * there; and of a batch not before all of it is.
 */
function end(): void {
  if (shard().inGroup == 0) showRecords();
}

/** The committer may see all records that there are. */
export function showRecords(): void {
  const s = shard();
  const at = changetype<usize>(s) + offsetof<Shard>("journalHead");
  atomic.store<u64>(at, reinterpret<u64>(<f64>s.ringHead));
}

/** Wall clock of a moment of the engine's clock. */
export function wall(micros: f64): f64 {
  return shard().wallBase + micros;
}

function dueOf(job: Job): f64 {
  return stateOf(job) == STATE_DELAYED ? wall(<f64>job.major) : 0;
}

function oldState(job: Job): u64 {
  return job.cold == 0 ? 0 : coldAt(job.cold).stateLsn;
}

/** The journal's last word on the job's state is now its present one. */
function setState(job: Job, lsn: u64): void {
  if (job.cold != 0) coldAt(job.cold).stateLsn = lsn;
}

/**
 * Everything about the job, as it stands now; for a new job, and to keep one whose old record's
 * place is wanted back. Of one whose body is not in memory that lies at `body`.
 */
export function recordPut(job: Job, body: usize = 0): void {
  if (!isOpen()) {
    job.lsn = ++shard().lsn;
    return;
  }
  const tube = tubeAt(job.tube);
  const bytes = putBytes(job);
  const address = begin(RECORD_PUT, bytes, job.minor);
  const record = changetype<PutRecord>(address);
  record.state = stateOf(job);
  record.nameBytes = tube.nameBytes;
  record.bodyBytes = job.bodyBytes;
  record.pri = job.pri;
  record.delaySeconds = job.delaySeconds;
  record.ttrSeconds = job.ttrSeconds;
  const list = parts.partsOf(job);
  record.partBytes = list == 0 ? 0 : parts.partsAt(list).partBytes;
  record.created = wall(<f64>job.createdMicros);
  record.due = dueOf(job);
  record.oldPut = job.lsn;
  record.oldState = oldState(job);
  const tags = tagBytes(job);
  const moves = movesOf(job);
  const last = moves == 0 ? bytes : bytes - MOVES_BYTES;
  store<u64>(address + last - tags - 8, 0); // the padding
  if (tags != 0) memory.copy(address + last - tags, textOf(tagsOf(job)), tags);
  if (moves != 0) store<u64>(address + last, ((<u64>moves) << 32) | MOVES_KIND);
  memory.copy(address + PUT_BYTES, nameOf(tube), tube.nameBytes);
  const to = address + PUT_BYTES + tube.nameBytes;
  if (job.away == AWAY) copyAway(job, to, body);
  else if (list == 0) readBody(job, 0, to, job.bodyBytes);
  if (job.away != WHOLE) setPlace(job, NO_PLACE); // until this record is on the disk
  job.lsn = record.lsn;
  setState(job, 0);
  end();
}

/** A body that is not in memory lies in a record of the ring, if it is nowhere else at hand. */
function copyAway(job: Job, to: usize, body: usize): void {
  memory.copy(to, body != 0 ? body : bodyInRing(job), job.bodyBytes);
}

/** Where the body of a job lies whose PUT record is still in the ring. */
export function bodyInRing(job: Job): usize {
  must(placeOf(job) == NO_PLACE && job.lsn > shard().ringTail);
  const record = ringBase() + <usize>((job.lsn - putBytes(job)) % shard().ringBytes);
  return bodyIn(changetype<PutRecord>(record));
}

/** Where the body lies in a PUT record that has all of it. */
export function bodyIn(record: PutRecord): usize {
  return changetype<usize>(record) + PUT_BYTES + record.nameBytes;
}

/**
 * A part of the job's body: for the first time, or to keep it when its old record's place is wanted
 * back.
 */
export function recordPart(job: Job, index: u32): void {
  const list = parts.partsAt(parts.partsOf(job));
  const part = parts.partAt(list, index);
  const tube = tubeAt(job.tube);
  const bytes = partBytes(list, index);
  const address = begin(RECORD_PART, bytes, job.minor);
  const record = changetype<PartRecord>(address);
  record.bodyBytes = job.bodyBytes;
  record.index = index;
  record.partBytes = list.partBytes;
  record.tubeHash = ownHash(tube);
  record.moves = movesOf(job);
  record.oldPart = part.lsn;
  store<u64>(address + bytes - 8, 0); // the padding
  readBody(job, index * list.partBytes, address + PART_BYTES, parts.lengthOf(list, index));
  if (part.lsn == 0) list.missing--;
  part.lsn = record.lsn;
  end();
}

/**
 * What a bury, a kick, a reserve-job, a release or an update changed and must survive: state,
 * priority, delay. `isInPlace`: if it is buried, it was so before and has kept its place.
 */
export function recordState(job: Job, isInPlace: bool = false): void {
  if (!isOpen()) {
    ++shard().lsn;
    return;
  }
  const record = changetype<StateRecord>(begin(RECORD_STATE, STATE_BYTES, job.minor));
  record.state = stateOf(job);
  record.nameBytes = (isInPlace ? STATE_IN_PLACE : 0) | ((<u16>movesOf(job)) << STATE_MOVES);
  if ((job.flags & TAGGED) != 0) {
    record.bodyBytes = chargedOf(tagsOf(job));
    if (isUnlimited(tagsOf(job))) record.nameBytes |= STATE_UNLIMITED;
    if (isLeaving(tagsOf(job))) record.nameBytes |= STATE_LEAVING;
  }
  record.pri = job.pri;
  record.delaySeconds = job.delaySeconds;
  record.due = dueOf(job);
  record.oldState = oldState(job);
  coldOf(job);
  setState(job, record.lsn);
  end();
}

/**
 * The job is gone, or will be when the attempt at it ends: a job that was cancelled is told to be
 * gone once.
 */
export function recordDelete(job: Job): void {
  if ((job.flags & CANCELLED) != 0) return;
  if (!isOpen()) {
    ++shard().lsn;
    return;
  }
  const record = beginDelete(job.minor, failuresKept(job), movesOf(job));
  record.putLsn = job.lsn;
  record.stateLsn = oldState(job);
  record.putBytes = putBytes(job);
  record.bodyBytes = parts.detach(job);
  nameFailures(job, record);
  end();
}

/** The failures that are kept with the job are not needed any more. */
function nameFailures(job: Job, record: DeleteRecord): void {
  let to = changetype<usize>(record) + DELETE_BYTES;
  for (let at = firstFailure(job); at != 0; at = failureAt(at).next) {
    store<u64>(to, failureAt(at).lsn);
    store<u64>(to + 8, failureRecordBytes(failureAt(at)));
    to += DELETED_FAILURE_BYTES;
  }
}

/**
 * Everything about a job that has moved to another tube of this shard, and then the tombstone of
 * what it was before, whose PUT record had `oldBytes`.
 */
export function recordMove(job: Job, oldBytes: u32): void {
  const oldPut = job.lsn;
  const oldStateLsn = oldState(job);
  job.lsn = 0;
  setState(job, 0);
  recordPut(job);
  if (!isOpen()) return;
  const record = beginDelete(job.minor, 0, movesOf(job) - 1);
  record.putLsn = oldPut;
  record.stateLsn = oldStateLsn;
  record.putBytes = oldBytes;
  end();
}

/**
 * An upload that will not become a job is gone: what was recorded of its body, and of the failures
 * of a job that was to come from another shard, is not needed any more.
 */
export function recordDrop(job: Job): void {
  const at = parts.partsOf(job);
  const hasParts = at != 0 && parts.partsAt(at).missing != parts.partsAt(at).count;
  if (!isOpen() || (!hasParts && job.lsn == 0 && failuresKept(job) == 0)) return;
  const bytes = putBytes(job);
  const record = beginDelete(job.minor, failuresKept(job), movesOf(job));
  if (job.lsn != 0) {
    record.putLsn = job.lsn;
    record.putBytes = bytes;
  } else {
    record.state = DROPS;
    record.stateLsn = ownHash(tubeAt(job.tube));
  }
  if (hasParts) record.bodyBytes = parts.detach(job);
  nameFailures(job, record);
  end();
}

/**
 * What a job was when it had moved so often is gone, with its PUT record in segment `origin`: a
 * crash came before that was recorded.
 */
export function recordOlder(job: Job, moves: u32, origin: u32): void {
  const record = beginDelete(job.minor, 0, moves);
  record.origin = origin;
  end();
}

/** A tombstone, of a job or of a cooldown, of segment `origin`, which still needs it. */
export function keepDelete(old: DeleteRecord): void {
  const isKey = old.state == KEY_ENDED;
  const isResult = old.state == RESULT_ENDED;
  const hash = old.stateLsn;
  const origin = old.origin;
  const record = beginDelete(old.id, 0, movesInDelete(old));
  record.origin = origin;
  if (isKey) {
    record.state = KEY_ENDED;
    record.stateLsn = hash;
  }
  if (isResult) {
    record.state = RESULT_ENDED;
    record.stateLsn = hash;
  }
  end();
}

/* Cooldowns of keys. */

/** Bytes of the KEY record of a cooldown. */
export function keyBytes(tags: Tags): u32 {
  return roundUp8(KEY_BYTES + tubeAt(tags.tube).nameBytes) + idpEntryBytes(tags);
}

/** A cooldown; its older record, if it has one, is at `oldKey`. */
export function recordKey(tags: Tags, oldKey: u64): void {
  if (!isOpen()) {
    ++shard().lsn;
    return;
  }
  const tube = tubeAt(tags.tube);
  const bytes = keyBytes(tags);
  const tag = idpEntryBytes(tags);
  const address = begin(RECORD_KEY, bytes, tags.minor);
  const record = changetype<KeyRecord>(address);
  record.nameBytes = tube.nameBytes;
  record.bodyBytes = tag;
  record.until = wall(<f64>tags.until);
  record.oldKey = oldKey;
  record.unused = 0;
  store<u64>(address + bytes - tag - 8, 0); // the padding
  memory.copy(address + KEY_BYTES, nameOf(tube), tube.nameBytes);
  memory.copy(address + bytes - tag, idpEntry(tags), tag);
  tags.lsn = record.lsn;
  end();
}

/** The cooldown is over. */
export function recordKeyEnd(tags: Tags): void {
  if (!isOpen()) {
    ++shard().lsn;
    return;
  }
  const record = beginDelete(tags.minor, 0, 0);
  record.state = KEY_ENDED;
  record.putLsn = tags.lsn;
  record.stateLsn = tags.major;
  record.putBytes = keyBytes(tags);
  end();
}

/* Results. */

/** Bytes of the RESULT record of a result. */
export function resultBytes(result: Result): u32 {
  return roundUp8(RESULT_BYTES + lengthOf(result));
}

/** What a job left that is finished; its older record, if it has one, is at `oldResult`. */
export function recordResult(result: Result, oldResult: u64): void {
  if (!isOpen()) {
    result.lsn = ++shard().lsn;
    return;
  }
  const bytes = resultBytes(result);
  const length = lengthOf(result);
  const address = begin(RECORD_RESULT, bytes, result.major);
  const record = changetype<ResultRecord>(address);
  store<u64>(address + bytes - 8, 0); // the padding, before what may lie there if there is none
  record.bodyBytes = length;
  record.until = wall(<f64>result.termDue);
  record.oldResult = oldResult;
  record.keepSeconds = result.keepSeconds;
  record.tubeHash = result.tubeHash;
  record.made = result.made;
  readMessage(failureAt(result.text), 0, address + RESULT_BYTES, length);
  result.lsn = record.lsn;
  end();
}

/** The time of a result is over. */
export function recordResultEnd(result: Result): void {
  if (!isOpen()) {
    ++shard().lsn;
    return;
  }
  const record = beginDelete(result.major, 0, 0);
  record.state = RESULT_ENDED;
  record.putLsn = result.lsn;
  record.stateLsn = reinterpret<u64>(result.made);
  record.putBytes = resultBytes(result);
  end();
}

/**
 * A tombstone of a job that had moved so often, with room for that many failures, which as yet
 * names no records; `bodyBytes` is where the list of the body's parts stands.
 */
function beginDelete(id: u64, failures: u32, moves: u32): DeleteRecord {
  const plain = DELETE_BYTES + failures * DELETED_FAILURE_BYTES;
  const bytes = moves == 0 ? plain : plain + MOVES_BYTES;
  const record = changetype<DeleteRecord>(begin(RECORD_DELETE, bytes, id));
  if (moves != 0) store<u64>(changetype<usize>(record) + plain, moves);
  record.putLsn = 0;
  record.stateLsn = 0;
  record.putBytes = 0;
  record.origin = 0;
  return record;
}

/** Bytes of the FAILURE record of `failure`. */
export function failureRecordBytes(failure: Failure): u32 {
  return roundUp8(FAILURE_BYTES + failure.whoBytes + failure.bytes);
}

/**
 * An attempt at the job that ended. The record that this one makes superfluous, of a failure that
 * was dropped for it or of itself, stands at `oldLsn` (0 = there is none) and has `oldBytes`.
 */
export function recordFailure(job: Job, failure: Failure, oldLsn: u64, oldBytes: u32): void {
  if (!isOpen()) {
    failure.lsn = ++shard().lsn;
    return;
  }
  const bytes = failureRecordBytes(failure);
  const address = begin(RECORD_FAILURE, bytes, job.minor);
  const record = changetype<FailureRecord>(address);
  store<u64>(address + bytes - 8, 0); // the padding, before what may lie there if there is none
  record.state = failure.end;
  record.nameBytes = failure.whoBytes;
  record.bodyBytes = failure.bytes;
  record.number = failure.number;
  record.attempt = failure.attempt;
  record.at = wall(<f64>failure.atMicros);
  record.oldFailure = oldLsn;
  record.oldBytes = oldBytes;
  record.hasMessage = failure.hasMessage;
  const who = address + FAILURE_BYTES;
  memory.copy(who, whoOf(failure), failure.whoBytes);
  readMessage(failure, 0, who + failure.whoBytes, failure.bytes);
  failure.lsn = record.lsn;
  end();
}

/** What is set for the tube; nothing when nothing is any more. */
export function recordTube(tube: Tube, settings: Settings): void {
  if (!isOpen()) {
    settings.lsn = ++shard().lsn;
    return;
  }
  const count = countOf(settings);
  const record = beginTube(nameOf(tube), tube.nameBytes, count);
  record.oldTube = settings.lsn;
  record.firstTube = settings.firstLsn;
  record.oldBytes = settings.recordBytes;
  record.lowOrigin = settings.lowOrigin;
  record.highOrigin = settings.highOrigin;
  let to = changetype<usize>(record) + TUBE_RECORD_BYTES;
  for (let which = 0; which < SETTINGS; ++which) {
    const value = valueOf(settings, which);
    if (value == NOT_SET) continue;
    store<u64>(to, <u64>which);
    store<f64>(to, value, SETTING_ENTRY_VALUE);
    to += SETTING_ENTRY_BYTES;
  }
  if (settings.firstLsn == 0) settings.firstLsn = record.lsn;
  settings.lsn = record.lsn;
  settings.recordBytes = record.bytes;
  end();
}

/**
 * Nothing is set for the tube of that name: an older record that says something may still lie in
 * one of those segments.
 */
export function keepUnset(name: usize, nameBytes: u32, lowOrigin: u32, highOrigin: u32): void {
  const record = beginTube(name, nameBytes, 0);
  record.oldTube = 0;
  record.firstTube = 0;
  record.oldBytes = 0;
  record.lowOrigin = lowOrigin;
  record.highOrigin = highOrigin;
  end();
}

/** A TUBE record with room for that many settings, and the tube's name behind them. */
function beginTube(name: usize, nameBytes: u32, count: u32): TubeRecord {
  const before = TUBE_RECORD_BYTES + count * SETTING_ENTRY_BYTES;
  const bytes = roundUp8(before + nameBytes);
  const address = begin(RECORD_TUBE, bytes, 0);
  const record = changetype<TubeRecord>(address);
  store<u64>(address + bytes - 8, 0); // the padding
  record.nameBytes = <u16>nameBytes;
  record.count = count;
  memory.copy(address + before, name, nameBytes);
  return record;
}
