/* Segments: which part of the shard's stream of records went to which segment of the journal, and
 * how much of each is still needed.
 *
 * The table lists the segments that exist, in the order in which they were begun; an entry says
 * where in this shard's stream it begins. What is live in a segment: PUT records of jobs that exist
 * and have no newer one, their latest STATE records, the FAILURE records of what is kept of their
 * failures, the latest PART records of their bodies and of uploads, the latest KEY records of
 * cooldowns and RESULT records of results, and the latest TUBE records of tubes for which something
 * is set. The committer alone
 * changes the table and the counts (`seal`, in the order of the stream), and recovery before it
 * (`replay`);
 * commands only ever write old LSNs into their records. So no lock is needed here.
 */
import {
  RECORD_DELETE,
  RECORD_FAILURE,
  RECORD_GROUP,
  RECORD_KEY,
  RECORD_PART,
  RECORD_PUT,
  RECORD_RESULT,
  RECORD_STATE,
  RECORD_TUBE,
  SEGMENTS_MAX,
  SEGMENT_ENTRY_BYTES,
  SKIP_MARK,
} from "./constants";
import { crc32c } from "./crc";
import {
  DELETED_FAILURE_BYTES,
  DROPS,
  DeleteRecord,
  FailureRecord,
  KeyRecord,
  PartRecord,
  PutRecord,
  Record,
  ResultRecord,
  StateRecord,
  TubeRecord,
  partBytes,
} from "./journal";
import * as parts from "./parts";
import { journalBase, must, ringBase, shard } from "./shard";
import { DELETE_BYTES, RECORD_CHECKED, STATE_BYTES } from "./layouts";

@unmanaged
export class Segment {
  /** Position in this shard's stream at which the segment begins. */
  first: u64;
  liveBytes: f64;
  number: u32;
  /**
   * Jobs that were found in it and, newer, in another one too: left by a crash while it was being
   * reclaimed.
   */
  superseded: u32;
  /**
   * Tombstones in it whose job's PUT record, or an older TUBE record of whose tube, lies in another
   * segment.
   */
  foreign: u32;
  /** The lowest number of those other segments. */
  lowOrigin: u32;
  /** The highest number of those other segments. */
  highOrigin: u32;
}

export function segmentAt(index: u32): Segment {
  return changetype<Segment>(journalBase() + <usize>(index * SEGMENT_ENTRY_BYTES));
}

/** Adds a segment that begins at `first`, behind all others. */
export function addSegment(number: u32, first: u64): void {
  const s = shard();
  must(s.segments < SEGMENTS_MAX);
  const segment = segmentAt(s.segments);
  segment.first = first;
  segment.liveBytes = 0;
  segment.number = number;
  segment.superseded = 0;
  segment.foreign = 0;
  segment.lowOrigin = 0;
  segment.highOrigin = 0;
  s.segments++;
}

/** Takes the segment out of the table: its file is gone. */
export function dropSegment(number: u32): void {
  const s = shard();
  let index: u32 = 0;
  while (segmentAt(index).number != number) {
    index++;
    must(index < s.segments);
  }
  const to = changetype<usize>(segmentAt(index));
  memory.copy(to, to + SEGMENT_ENTRY_BYTES, (s.segments - index - 1) * SEGMENT_ENTRY_BYTES);
  s.segments--;
}

/** The segment that the record ending at `lsn` went to. It exists: what is looked for is live. */
export function segmentOf(lsn: u64): Segment {
  let low: u32 = 0;
  let high = shard().segments;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (segmentAt(middle).first < lsn) low = middle;
    else high = middle;
  }
  return segmentAt(low);
}

/** Whether a segment other than `but` exists whose number is one of those. */
export function anyExists(low: u32, high: u32, but: u32): bool {
  for (let index: u32 = 0; index < shard().segments; ++index) {
    const number = segmentAt(index).number;
    if (number >= low && number <= high && number != but) return true;
  }
  return false;
}

/** Whether the segment of that number exists. */
export function segmentExists(number: u32): bool {
  for (let index: u32 = shard().segments; index > 0; --index) {
    if (segmentAt(index - 1).number == number) return true;
  }
  return false;
}

/** The segment of that number, which exists. */
export function segmentOfNumber(number: u32): Segment {
  let index = shard().segments - 1;
  while (segmentAt(index).number != number) {
    must(index > 0);
    index--;
  }
  return segmentAt(index);
}

/**
 * The LSN that stands for "somewhere in this segment": each replayed segment is one position of the
 * stream long.
 */
export function lsnIn(segment: Segment): u64 {
  return segment.first + 1;
}

/** The segment that was added last. */
export function last(): Segment {
  return segmentAt(shard().segments - 1);
}

/** Counts a record that goes to `segment`, and what it makes superfluous elsewhere. */
export function account(record: Record, segment: Segment): void {
  if (record.kind == RECORD_PUT) {
    const put = changetype<PutRecord>(record);
    if (put.oldPut != 0) segmentOf(put.oldPut).liveBytes -= record.bytes;
    if (put.oldState != 0) segmentOf(put.oldState).liveBytes -= STATE_BYTES;
    segment.liveBytes += record.bytes;
  } else if (record.kind == RECORD_STATE) {
    const state = changetype<StateRecord>(record);
    if (state.oldState != 0) segmentOf(state.oldState).liveBytes -= STATE_BYTES;
    segment.liveBytes += STATE_BYTES;
  } else if (record.kind == RECORD_PART) {
    const part = changetype<PartRecord>(record);
    if (part.oldPart != 0) segmentOf(part.oldPart).liveBytes -= record.bytes;
    segment.liveBytes += record.bytes;
  } else if (record.kind == RECORD_KEY) {
    const key = changetype<KeyRecord>(record);
    if (key.oldKey != 0) segmentOf(key.oldKey).liveBytes -= record.bytes;
    segment.liveBytes += record.bytes;
  } else if (record.kind == RECORD_RESULT) {
    const result = changetype<ResultRecord>(record);
    if (result.oldResult != 0) segmentOf(result.oldResult).liveBytes -= record.bytes;
    segment.liveBytes += record.bytes;
  } else if (record.kind == RECORD_FAILURE) {
    const failure = changetype<FailureRecord>(record);
    if (failure.oldFailure != 0) segmentOf(failure.oldFailure).liveBytes -= failure.oldBytes;
    segment.liveBytes += record.bytes;
  } else if (record.kind == RECORD_TUBE) {
    accountTube(changetype<TubeRecord>(record), segment);
  } else if (record.kind == RECORD_DELETE) {
    accountDelete(changetype<DeleteRecord>(record), segment);
  } else {
    must(record.kind == RECORD_GROUP); // nothing is needed of it once its frame is written
  }
}

function accountDelete(record: DeleteRecord, segment: Segment): void {
  if (record.bodyBytes != 0) {
    uncountParts(record.bodyBytes);
    parts.spend(record.bodyBytes);
    record.bodyBytes = 0;
  }
  // An upload: it has no PUT record that could come back.
  if (record.state == DROPS) record.origin = segment.number;
  if (record.putLsn != 0) {
    const origin = segmentOf(record.putLsn);
    record.origin = origin.number;
    origin.liveBytes -= record.putBytes;
    const hasState = record.state == 0 && record.stateLsn != 0;
    if (hasState) segmentOf(record.stateLsn).liveBytes -= STATE_BYTES;
  }
  const end = changetype<usize>(record) + record.bytes;
  let at = changetype<usize>(record) + DELETE_BYTES;
  for (; at + DELETED_FAILURE_BYTES <= end; at += DELETED_FAILURE_BYTES) {
    segmentOf(load<u64>(at)).liveBytes -= load<u32>(at, 8);
  }
  countTombstone(record, segment);
}

/**
 * A tombstone lies in `segment`: if its job's PUT record does not, it is needed for as long as that
 * one's segment exists.
 */
export function countTombstone(record: DeleteRecord, segment: Segment): void {
  if (record.origin != segment.number) countForeign(segment, record.origin, record.origin);
}

/** A tombstone in `segment` is needed while a segment with one of those numbers exists. */
function countForeign(segment: Segment, low: u32, high: u32): void {
  if (segment.foreign == 0 || low < segment.lowOrigin) segment.lowOrigin = low;
  if (segment.foreign == 0 || high > segment.highOrigin) segment.highOrigin = high;
  segment.foreign++;
}

/**
 * The first record of the tube may be gone with its segment: then an older one counts as its own.
 */
function accountTube(record: TubeRecord, segment: Segment): void {
  if (record.oldTube != 0) {
    const old = segmentOf(record.oldTube);
    old.liveBytes -= record.oldBytes;
    reach(record, old.number);
  }
  if (record.firstTube != 0) reach(record, segmentOf(record.firstTube).number);
  if (record.count != 0) segment.liveBytes += record.bytes;
  else countUnset(record, segment);
}

/** An older record of the tube may lie in segment `number`. */
function reach(record: TubeRecord, number: u32): void {
  if (record.lowOrigin == 0 || number < record.lowOrigin) record.lowOrigin = number;
  if (number > record.highOrigin) record.highOrigin = number;
}

/** A TUBE record that says that nothing is set lies in `segment`. */
export function countUnset(record: TubeRecord, segment: Segment): void {
  const low = record.lowOrigin;
  if (low == 0 || (low == segment.number && record.highOrigin == low)) return;
  countForeign(segment, low, record.highOrigin);
}

/** Takes the parts of a body that goes out of the counts of their segments. */
export function uncountParts(at: u32): void {
  const list = parts.partsAt(at);
  for (let index: u32 = 0; index < list.count; ++index) {
    const lsn = parts.partAt(list, index).lsn;
    if (lsn != 0) segmentOf(lsn).liveBytes -= partBytes(list, index);
  }
}

/**
 * Makes the ring's records from stream position `from` to `to`, which the committer is about to
 * write to the last segment of the table, fit for the disk: accounts for them and gives each its
 * CRC. Returns where in the stream the ring's unused end begins, `to` when it was not passed. No
 * lock: nobody else touches records once they are written.
 */
export function seal(from: f64, to: f64, salt: u32): f64 {
  atomic.fence(); // `to` was read plainly: what stands before it must not be read from before that
  let skipped = to;
  const size = shard().ringBytes;
  const segment = last();
  let position = <u64>from;
  while (position < <u64>to) {
    const address = ringBase() + <usize>(position % size);
    const record = changetype<Record>(address);
    if ((record.bytes & SKIP_MARK) != 0) {
      skipped = <f64>position;
      position += record.bytes & ~SKIP_MARK;
      continue;
    }
    account(record, segment);
    record.crc = crc32c(salt, address + RECORD_CHECKED, record.bytes - RECORD_CHECKED);
    position += record.bytes;
  }
  must(position == <u64>to);
  return skipped;
}
