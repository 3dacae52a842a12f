/* Sound: whether what stands in a segment is a whole, undamaged record of what it says it is.
 *
 * A record is trusted when its CRC is right and what it says it holds fits into it; only then are
 * its other fields looked at. Used by replay.ts and keep.ts; `check` is recovery's (src/journal/).
 */
import {
  DONE,
  INLINE_BODY_MAX,
  RECORD_BYTES_MIN,
  RECORD_DELETE,
  RECORD_FAILURE,
  RECORD_GROUP,
  RECORD_KEY,
  RECORD_PART,
  RECORD_PUT,
  RECORD_RESULT,
  RECORD_TUBE,
  RESULT_COUNT,
  TUBE_NAME_MAX,
  WHO_MAX,
} from "./constants";
import { crc32c } from "./crc";
import { PartRecord, PutRecord, Record, TubeRecord, movesInPut } from "./journal";
import { Parts } from "./parts";
import { enter, leave, ringBase, setResult } from "./shard";
import { isOne, isText, keyEntry } from "./tags";
import {
  FAILURE_BYTES,
  KEY_BYTES,
  MOVES_BYTES,
  PART_BYTES,
  PUT_BYTES,
  RECORD_CHECKED,
  RESULT_BYTES,
  SETTING_ENTRY_BYTES,
  TUBE_RECORD_BYTES,
} from "./layouts";

/** Whether a whole, undamaged record of at most `room` bytes stands at `address`. */
export function isSound(address: usize, room: u32, salt: u32): bool {
  if (room < RECORD_BYTES_MIN) return false;
  const record = changetype<Record>(address);
  const bytes = record.bytes;
  if (bytes < RECORD_BYTES_MIN || bytes > room || (bytes & 7) != 0) return false;
  if (record.kind == RECORD_PUT) {
    if (!isPut(changetype<PutRecord>(record))) return false;
  } else if (record.kind == RECORD_PART) {
    if (!isPart(changetype<PartRecord>(record))) return false;
  } else if (record.kind == RECORD_FAILURE) {
    const text = <u64>record.nameBytes + record.bodyBytes;
    if (FAILURE_BYTES + text > <u64>bytes || record.nameBytes > <u16>WHO_MAX) return false;
  } else if (record.kind == RECORD_RESULT) {
    if (<u64>RESULT_BYTES + record.bodyBytes > <u64>bytes) return false;
  } else if (record.kind == RECORD_TUBE) {
    if (!isTube(changetype<TubeRecord>(record))) return false;
  } else if (record.kind == RECORD_KEY) {
    if (!isKey(record)) return false;
  } else if (record.kind != RECORD_GROUP && record.kind - RECORD_PUT > RECORD_DELETE - RECORD_PUT) {
    return false;
  }
  return record.crc == crc32c(salt, address + RECORD_CHECKED, bytes - RECORD_CHECKED);
}

/** Whether what a PUT record says it holds fits into it. */
function isPut(record: PutRecord): bool {
  if (record.partBytes != 0 && record.bodyBytes <= INLINE_BODY_MAX) return false;
  if (plainBytes(record) > <u64>record.bytes) return false;
  const tags = tagBytesOf(record);
  return isText(changetype<usize>(record) + <usize>plainBytes(record), tags);
}

/** Bytes of a PUT record before its tags. */
export function plainBytes(record: PutRecord): u64 {
  const body: u64 = record.partBytes == 0 ? record.bodyBytes : 0;
  return (<u64>PUT_BYTES + record.nameBytes + body + 7) & ~7;
}

/** Bytes of the tags in a sound PUT record. */
export function tagBytesOf(record: PutRecord): u32 {
  const behind = record.bytes - <u32>plainBytes(record);
  return movesInPut(record) == 0 ? behind : behind - MOVES_BYTES;
}

/** Whether a KEY record ends with one tag, a key. */
function isKey(record: Record): bool {
  const plain = (KEY_BYTES + <u32>record.nameBytes + 7) & ~7;
  const tag = record.bodyBytes;
  if (<u64>plain + tag != <u64>record.bytes || tag == 0) return false;
  const entry = changetype<usize>(record) + plain;
  return isText(entry, tag) && keyEntry(entry, tag) == entry && isOne(entry, tag);
}

/** Where in a sound KEY record the tag stands. */
export function keyEntryOf(record: Record): usize {
  return changetype<usize>(record) + record.bytes - record.bodyBytes;
}

/** Whether what a PART record says it holds fits into it, and into the body. */
function isPart(record: PartRecord): bool {
  if (record.partBytes == 0 || record.bodyBytes <= INLINE_BODY_MAX) return false;
  const from = <u64>record.index * record.partBytes;
  if (from >= <u64>record.bodyBytes) return false;
  return <u64>PART_BYTES + min<u64>(record.partBytes, record.bodyBytes - from) <= <u64>record.bytes;
}

/** Whether what a TUBE record says it holds fits into it. */
function isTube(record: TubeRecord): bool {
  if (<u32>record.nameBytes - 1 >= TUBE_NAME_MAX) return false;
  const settings = <u64>record.count * SETTING_ENTRY_BYTES;
  return <u64>TUBE_RECORD_BYTES + settings + record.nameBytes <= <u64>record.bytes;
}

/** Whether a record is of the body that the list is of. */
export function isOf(record: PartRecord, list: Parts): bool {
  return list.bodyBytes == record.bodyBytes && list.partBytes == record.partBytes;
}

/**
 * How many of the `bytes` bytes staged at the beginning of the ring are sound records, one behind
 * the other: RESULT_COUNT.
 */
export function check(t: u32, bytes: u32, salt: u32): i32 {
  enter();
  let at: u32 = 0;
  while (at < bytes && isSound(ringBase() + <usize>at, bytes - at, salt)) {
    at += changetype<Record>(ringBase() + <usize>at).bytes;
  }
  setResult(t, RESULT_COUNT, <f64>at);
  return leave(t, DONE);
}
