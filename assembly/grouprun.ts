/* Group run: a batch of puts and deletes that a run carries out by itself (run.ts).
 *
 *   look   at every command, and nothing is changed
 *   make   the jobs of the puts: what needs memory that may be refused
 *   do     everything, as one group of records (group.ts)
 *
 * It takes what is all there, plainly written, of this shard and certain to succeed: puts without
 * tags, and deletes of jobs that may be deleted. At anything else nothing has happened, and the
 * host reads the batch: what it would have to refuse, what is about several shards, uses, other
 * commands. Each step reads the commands again. Between them only the jobs that are made are kept
 * at hand, in a list by `left`; they stand nowhere, as uploads do.
 */
import * as C from "./constants";
import * as commands from "./commands";
import { beginGroup, closeGroup, deletionBytes, endGroup } from "./group";
import { Job, addressOfJob, freeJob, jobAt, makeWhole } from "./job";
import * as journal from "./journal";
import { LINE_ROOM, SPACE, writeCrlf, writeNumber, writeWord } from "./lines";
import {
  CR,
  DELETE_,
  PUT_,
  Run,
  SEVEN_BYTES,
  admitPut,
  count,
  deleteEnd,
  digits,
  isU32,
  lengthOf,
  lineEnd,
  putEnd,
  readDelete,
  readPut,
  writeDeleted,
  writePut,
} from "./running";
import { shard } from "./shard";
import { findJob } from "./states";
import { tubeAt } from "./tube";

const BATCH: u64 = 0x4843544142; // "BATCH"
/** Every reply of a put or a delete is shorter, and an id takes less than that. */
const REPLY_BYTES: u32 = 32;
/** An id below one before it is compared with all of them, if there are no more than so many. */
const MIXED_IDS_MAX: u32 = 64;

/** Carries out the batch at `at`: the position behind it, or 0 and nothing has happened. */
export function runBatch(run: Run, at: u32): u32 {
  const number = digits(at + 6);
  if (!isU32(number, at + 6, CR) || (run.flags & C.RUN_BATCHES) == 0) return 0;
  const first = lineEnd(run, at + 6 + lengthOf(number));
  const size = number >> 4;
  if (first == 0 || size == 0 || size > <u64>C.LIST_JOBS_MAX) return 0;
  if (run.out + LINE_ROOM + <u32>size * REPLY_BYTES > run.outEnd) {
    run.stop = C.STOP_ROOM;
    return 0;
  }
  const end = look(run, first, <u32>size);
  if (end == 0 || !isWithinRoom(run) || !hasIds(run, end - at)) return 0;
  if (!make(run, first, <u32>size)) return 0;
  const id = takeIds(run);
  if (id == 0) {
    unmake(run);
    return 0;
  }
  writeBatch(run, size);
  perform(run, first, <u32>size, id);
  return end;
}

function writeBatch(run: Run, size: u64): void {
  count(run, C.COUNT_BATCH);
  writeWord(run, BATCH, 5);
  store<u8>(run.out++, SPACE);
  writeNumber(run, size);
  writeCrlf(run);
}

/* Look. */

/** Looks at the commands of a batch that begin at `at`: where they end, or 0. */
function look(run: Run, at: u32, size: u32): u32 {
  run.puts = 0;
  run.deletes = 0;
  run.recordBytes = 0;
  let highest: u64 = 0;
  for (; size != 0; --size) {
    if (load<u32>(at) == PUT_) {
      if (!lookAtPut(run, at)) return 0;
      at = putEnd(run);
      continue;
    }
    const id = isDelete(at) ? readDelete(run, at) : 0;
    if (id == 0 || !lookAtDelete(run, id >> 4, highest)) return 0;
    highest = max(highest, id >> 4);
    at = deleteEnd(at, id);
  }
  return at;
}

function isDelete(at: u32): bool {
  return (load<u64>(at) & SEVEN_BYTES) == DELETE_;
}

/** A tube for which something is set may have no room for all of them. */
function lookAtPut(run: Run, at: u32): bool {
  if (readPut(run, at) == 0 || run.tagBytes != 0 || tubeAt(run.tube).settings != 0) return false;
  run.puts++;
  run.recordBytes += C.RECORD_BYTES_MOST + run.bodyBytes;
  return true;
}

function lookAtDelete(run: Run, id: u64, highest: u64): bool {
  const at = findJob(id);
  if (at == 0 || !commands.mayDelete(jobAt(at), run.conn)) return false;
  if (id <= highest && isNamed(run, id)) return false;
  store<u64>(idAt(run, run.deletes++), id);
  run.recordBytes += deletionBytes(jobAt(at));
  return true;
}

/** Whether an id was named before in the batch, or that would take long to find out. */
function isNamed(run: Run, id: u64): bool {
  if (run.deletes > MIXED_IDS_MAX) return true;
  for (let which: u32 = 0; which < run.deletes; ++which) {
    if (load<u64>(idAt(run, which)) == id) return true;
  }
  return false;
}

/** Where an id is kept during the look: where the replies will not yet be then. */
function idAt(run: Run, which: u32): u32 {
  return run.outEnd - (which + 1) * 8;
}

/** Whether all of it may be recorded at once, with its longest record counted once more. */
function isWithinRoom(run: Run): bool {
  return !journal.isOpen() || run.recordBytes <= C.GROUP_BODY_BYTES;
}

/** Outside shard 0 the host takes as many ids as the batch, of `bytes` bytes, needs. */
function hasIds(run: Run, bytes: u32): bool {
  if (shard().index == 0 || run.nextId + <f64>run.puts <= run.lastId + 1) return true;
  run.stop = C.STOP_IDS;
  run.needs = bytes / run.puts;
  return false;
}

/** The first of the ids that the puts get; 0 when there are not so many left. */
function takeIds(run: Run): f64 {
  if (run.puts == 0) return 1; // nobody gets it
  if (shard().index == 0) return commands.takeIds(run.puts);
  const first = run.nextId;
  run.nextId += run.puts;
  run.idsUsed += run.puts;
  return first;
}

/* Make. */

/** Makes the jobs of the puts; false, and there are none, when there is no memory for all. */
function make(run: Run, at: u32, size: u32): bool {
  run.madeHead = 0;
  run.madeTail = 0;
  for (let left = run.puts == 0 ? 0 : size; left != 0; --left) {
    if (load<u32>(at) != PUT_) {
      at = deleteEnd(at, readDelete(run, at));
      continue;
    }
    readPut(run, at);
    const made = makeWhole(run.body, run.bodyBytes);
    if (made == 0) {
      unmake(run);
      return false;
    }
    keep(run, jobAt(made));
    at = putEnd(run);
  }
  return true;
}

function keep(run: Run, job: Job): void {
  const at = addressOfJob(job);
  job.state = C.STATE_UPLOADING;
  job.left = 0;
  if (run.madeTail != 0) jobAt(run.madeTail).left = at;
  else run.madeHead = at;
  run.madeTail = at;
}

function takeMade(run: Run): Job {
  const job = jobAt(run.madeHead);
  run.madeHead = job.left;
  return job;
}

function unmake(run: Run): void {
  while (run.madeHead != 0) freeJob(takeMade(run));
}

/* Do. */

function perform(run: Run, at: u32, size: u32, firstId: f64): void {
  let id = firstId;
  beginGroup(0);
  for (; size != 0; --size) {
    if (load<u32>(at) == PUT_) {
      readPut(run, at);
      writePut(run, admitPut(run, takeMade(run), id), id);
      id++;
      at = putEnd(run);
    } else {
      const named = readDelete(run, at);
      commands.deleteJob(jobAt(findJob(named >> 4)), run.now);
      writeDeleted(run);
      at = deleteEnd(at, named);
    }
  }
  endGroup(run.thread, closeGroup());
  run.lsn = shard().lsn;
}
