/* Recalling: the results of finished jobs on their way back into the shard, when the journal is
 * replayed. Called by replay.ts.
 */
import { failureAt, freeFailure, makeFailure, appendMessage } from "./failure";
import * as journal from "./journal";
import { DeleteRecord, ResultRecord } from "./journal";
import { RESULT_BYTES } from "./layouts";
import { Result, dropResult, findResult, makeResult, resultAt } from "./result";
import * as segments from "./segments";
import { Segment } from "./segments";
import { shard } from "./shard";

/**
 * A result that stands at `lsn` in `segment`, for a server of `shards` shards. No wall clock keeps
 * it longer than it was to be kept. False when there is no memory.
 */
export function recallResult(
  record: ResultRecord,
  lsn: u64,
  segment: Segment,
  shards: u32,
  now: f64,
): bool {
  if ((record.tubeHash & (shards - 1)) != shard().index) return true;
  const known = findResult(record.id);
  if (known != 0 && resultAt(known).made != record.made) forget(resultAt(known));
  else if (known != 0) {
    uncount(resultAt(known)); // its segment was being reclaimed when the server stopped
    resultAt(known).lsn = lsn;
    segment.liveBytes += record.bytes;
    return true;
  }
  const left = min(record.until - shard().wallBase - now, <f64>record.keepSeconds * 1000000);
  if (left <= 0) return true;
  const made = remake(record, <u64>(now + left));
  if (made == 0) return false;
  resultAt(made).lsn = lsn;
  segment.liveBytes += record.bytes;
  return true;
}

/** The result that a record has; 0 when there is no memory. */
function remake(record: ResultRecord, until: u64): u32 {
  const bytes = record.bodyBytes;
  const text = makeFailure(0, 0, bytes, true, true);
  if (text == 0) return 0;
  const source = changetype<usize>(record) + RESULT_BYTES;
  const isWhole = appendMessage(failureAt(text), 0, source, bytes, true) == bytes;
  const made = isWhole
    ? makeResult(record.id, text, record.keepSeconds, record.tubeHash, until, true)
    : 0;
  if (made == 0) freeFailure(failureAt(text));
  else resultAt(made).made = record.made;
  return made;
}

/**
 * The journal says that the time of a result was over. What says so may stand behind a newer one:
 * its job was there again, for the end of that was cut off, and has been finished a second time.
 */
export function forgetResult(record: DeleteRecord): void {
  const known = findResult(record.id);
  if (known == 0 || resultAt(known).made != reinterpret<f64>(record.stateLsn)) return;
  forget(resultAt(known));
}

function forget(result: Result): void {
  uncount(result);
  dropResult(result);
}

function uncount(result: Result): void {
  segments.segmentOf(result.lsn).liveBytes -= journal.resultBytes(result);
}
