/* Journal: the lists of parts of long bodies, and what counts as live in each segment. */
import { INLINE_BODY_MAX, RECORD_DELETE, SKIP_MARK, STATE_UPLOADING } from "../constants";
import { failureAt, firstFailure } from "../failure";
import { ARRIVED, CANCELLED, coldAt, jobAt } from "../job";
import {
  DeleteRecord,
  failureRecordBytes,
  keyBytes,
  partBytes,
  putBytes,
  resultBytes,
} from "../journal";
import { keysRoot } from "../keys";
import { FIXED } from "../memory";
import {
  ENTRY_BYTES,
  partAt,
  Parts,
  partsAt,
  partsOf,
  PIECE_ENTRIES,
  PIECE_HEADER,
} from "../parts";
import { segmentAt, segmentOf } from "../segments";
import { resultAt, resultsRoot } from "../result";
import { settingsAt } from "../settings";
import { jobs, ringBase, shard } from "../shard";
import { findJob } from "../states";
import { headAt, heads } from "../table";
import { tagsAt } from "../tags";
import * as tree from "../tree";
import { tubeAt } from "../tube";
import { live } from "./allocator";
import { expect, whole } from "./findings";
import { PARTS_LIST, PARTS_OPEN, PARTS_RECORDED, SEGMENT_COUNTS } from "./invariants";
import { filled } from "./tables";
import { STATE_BYTES } from "../layouts";

/** Checks a list of parts: those that are recorded stand in front of those that are missing. */
export function checkList(list: Parts): void {
  live(FIXED, <u32>changetype<usize>(list), offsetof<Parts>());
  expect(list.partBytes != 0 && list.bodyBytes > INLINE_BODY_MAX, PARTS_LIST);
  if (!whole()) return;
  expect(list.count == (list.bodyBytes - 1) / list.partBytes + 1, PARTS_LIST);
  let left = list.count;
  for (let at = list.pieces; at != 0 && whole(); at = load<u32>(at)) {
    const entries = min<u32>(left, PIECE_ENTRIES);
    expect(entries != 0, PARTS_LIST);
    live(FIXED, at, PIECE_HEADER + entries * ENTRY_BYTES);
    left -= entries;
  }
  expect(left == 0, PARTS_LIST);
  for (let index: u32 = 0; index < list.count && whole(); ++index) {
    const part = partAt(list, index);
    expect((part.lsn != 0) == index < list.count - list.missing, PARTS_RECORDED);
    expect(part.lsn <= shard().lsn && part.found == 0, PARTS_RECORDED);
  }
}

/** The lists of uploads. */
export function checkOpenParts(): void {
  let prev: u32 = 0;
  for (let at = shard().openParts; at != 0 && whole(); at = partsAt(at).next) {
    const list = partsAt(at);
    checkList(list);
    expect(list.prev == prev && jobAt(list.job).state == STATE_UPLOADING, PARTS_OPEN);
    const job = jobAt(list.job);
    const isNew = (job.flags & ARRIVED) != 0 || findJob(job.minor) == 0;
    expect(partsOf(job) == at && isNew, PARTS_OPEN);
    prev = at;
  }
}

/**
 * The lists of bodies that went: in DELETE records that have not been counted, and those that are
 * to be freed.
 */
export function checkSpentParts(): void {
  const s = shard();
  for (let at = s.spentParts; at != 0 && whole(); at = partsAt(at).next) checkList(partsAt(at));
  let position = s.ringTail;
  while (position < s.ringHead && whole()) {
    const record = changetype<DeleteRecord>(ringBase() + <usize>(position % s.ringBytes));
    const isSkip = (record.bytes & SKIP_MARK) != 0;
    if (!isSkip && record.kind == RECORD_DELETE && record.bodyBytes != 0) {
      checkList(partsAt(record.bodyBytes));
    }
    position += record.bytes & ~SKIP_MARK;
  }
}

/**
 * Once all records have been counted, what counts as live in each segment is what jobs, uploads
 * and settings have there.
 */
export function checkSegments(): void {
  const s = shard();
  if (s.ringBytes == 0 || s.segments == 0 || s.ringHead != s.ringTail) return;
  eachRecord(-1);
  for (let index: u32 = 0; index < s.segments; ++index) {
    expect(segmentAt(index).liveBytes == 0, SEGMENT_COUNTS);
  }
  eachRecord(1);
}

/** Adds `sign` times the bytes of each record that is needed to its segment's count. */
function eachRecord(sign: f64): void {
  const n = heads(jobs());
  for (let b = filled(jobs(), 0); b < n; b = filled(jobs(), b + 1)) {
    for (let at = load<u32>(headAt(jobs(), b)); at != 0; at = jobAt(at).chain) {
      const job = jobAt(at);
      if ((job.flags & CANCELLED) != 0 || job.lsn == 0) continue; // only a tombstone is left
      segmentOf(job.lsn).liveBytes += sign * <f64>putBytes(job);
      const state = job.cold == 0 ? 0 : coldAt(job.cold).stateLsn;
      if (state != 0) segmentOf(state).liveBytes += sign * <f64>STATE_BYTES;
      eachFailure(at, sign);
      if (partsOf(job) != 0) eachPart(partsAt(partsOf(job)), sign);
    }
  }
  for (let at = shard().openParts; at != 0; at = partsAt(at).next) eachPart(partsAt(at), sign);
  for (let at = shard().batched; at != 0; at = jobAt(at).left) {
    segmentOf(jobAt(at).lsn).liveBytes += sign * <f64>putBytes(jobAt(at));
  }
  for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
    if (tubeAt(at).settings == 0) continue;
    const settings = settingsAt(tubeAt(at).settings);
    segmentOf(settings.lsn).liveBytes += sign * <f64>settings.recordBytes;
  }
  for (let at = tree.first(resultsRoot()); at != 0; at = tree.next(at)) {
    const result = resultAt(at);
    segmentOf(result.lsn).liveBytes += sign * <f64>resultBytes(result);
  }
  for (let at = tree.first(keysRoot()); at != 0; at = tree.next(at)) {
    const own = tagsAt(at);
    if (own.isCooling != 0) segmentOf(own.lsn).liveBytes += sign * <f64>keyBytes(own);
  }
  for (let at = shard().arriving; at != 0; at = jobAt(at).left) eachFailure(at, sign);
}

function eachFailure(whose: u32, sign: f64): void {
  for (let own = firstFailure(jobAt(whose)); own != 0; own = failureAt(own).next) {
    const failure = failureAt(own);
    segmentOf(failure.lsn).liveBytes += sign * <f64>failureRecordBytes(failure);
  }
}

function eachPart(list: Parts, sign: f64): void {
  for (let index: u32 = 0; index < list.count; ++index) {
    const lsn = partAt(list, index).lsn;
    if (lsn != 0) segmentOf(lsn).liveBytes += sign * <f64>partBytes(list, index);
  }
}
