/* Run: the commands that make up nearly all traffic, read from the input slot and answered into the
 * output slot in one critical section.
 *
 * A client that pipelines sends the same few lines over and over: put, reserve, delete, release,
 * bury, touch. For these `run` does what the host does for every line, but for a whole chunk of
 * input at once. It takes only what is complete and exactly well formed (single spaces, plain
 * digits, CR LF) and can be answered here and now; at anything else it stops in front of it and the
 * host goes on there by itself: errors, waiting, other commands, other shards, long bodies. So the
 * host's parser alone says what the protocol is, and `run` may never answer anything that the host
 * would not (tests run both on the same input). How commands are read is in running.ts; a batch of
 * such commands is one command, of grouprun.ts.
 */
import * as C from "./constants";
import { enterAt } from "./deadlines";
import { beginTold, earlyLevel, heardTogether, tell, tellAs } from "./acks";
import { AWAY, Job, TAGGED, jobAt } from "./job";
import * as bodies from "./job";
import { runBatch } from "./grouprun";
import { CALL_GRANT, Conn, connAt, firstDue, startWaiting } from "./conn";
import * as commands from "./commands";
import { mayTake } from "./lanes";
import { hasRoom } from "./journal";
import { writeKnown } from "./keyed";
import { admitTagged } from "./known";
import { findJob, isHeldBy } from "./states";
import { LINE_ROOM, RESERVED, SPACE, beginLines, writeCrlf, writeNumber, writeWord } from "./lines";
import { mayHold, writeNotes } from "./notes";
import {
  CR,
  DELETE_,
  LF,
  PUT_,
  Run,
  SEVEN_BYTES,
  admitPut,
  count,
  deleteEnd,
  digits,
  isId,
  isU32,
  lengthOf,
  lineEnd,
  putEnd,
  readDelete,
  readPut,
  writeDeleted,
  writePut,
} from "./running";
import { inputSlot, leave, outputSlot, resultSlot, setResult, shard } from "./shard";
import { tubeAt } from "./tube";

const RESERVE_CR: u64 = 0x0d65767265736572; // "reserve\r"
const RESERVE: u64 = 0x65767265736572; // "reserve"
const WITH_TI: u64 = 0x69742d687469772d; // "-with-ti"
const MEOUT_: u64 = 0x2074756f656d; // "meout "
const RELEASE_: u64 = 0x20657361656c6572; // "release "
const TOUCH_: u64 = 0x206863756f74; // "touch "
const BURY_: u64 = 0x2079727562; // "bury "
const BATCH_: u64 = 0x206863746162; // "batch "
const NOT_FOUN: u64 = 0x4e554f465f544f4e;
const RELEASED: u64 = 0x44455341454c4552;
const TOUCHED_CR: u64 = 0x0d44454843554f54; // "TOUCHED\r"
const BURIED_CRLF: u64 = 0x0a0d444549525542; // "BURIED\r\n"
const FIVE_BYTES: u64 = 0xffffffffff;
const SIX_BYTES: u64 = 0xffffffffffff;

/* Writing. */

function writeNotFound(run: Run): void {
  writeWord(run, NOT_FOUN, 8);
  store<u32>(run.out, 0x0a0d44); // "D\r\n"
  run.out += 3;
}

/* The commands. Each returns the position behind what it took, or 0 and nothing has happened. */

function put(run: Run, at: u32): u32 {
  return readPut(run, at) == 0 ? 0 : admit(run, at);
}

function admit(run: Run, line: u32): u32 {
  if (shard().index != 0 && run.nextId > run.lastId) {
    run.stop = C.STOP_IDS;
    run.needs = putEnd(run) - line;
    return 0;
  }
  const made = bodies.makeWhole(run.body, run.bodyBytes);
  if (made == 0) return 0;
  const job = jobAt(made);
  const id = takeId(run);
  if (id == 0) {
    bodies.freeJob(job);
    return 0;
  }
  const answer = run.tagBytes == 0 ? admitPut(run, job, id) : admitWithTags(run, job, id);
  if (answer != C.DONE && answer != C.BURIED) return meet(run, job, id, answer, putEnd(run));
  tell(run, job, job.lsn);
  writePut(run, answer, id);
  return putEnd(run);
}

function admitWithTags(run: Run, job: Job, id: f64): i32 {
  const delay = <f64>run.delay;
  const bytes = run.tagBytes;
  return admitTagged(run.thread, job, run.tube, id, run.pri, delay, run.ttr, bytes, run.now);
}

/**
 * A put with a key that made no job, as a command that ends at `end`: it met one; or there is no
 * room, and the host sees to it.
 */
function meet(run: Run, job: Job, id: f64, answer: i32, end: u32): u32 {
  giveIdBack(run, <u64>id);
  if (answer != C.KNOWN) {
    bodies.freeJob(job);
    return 0;
  }
  run.lsn = max(run.lsn, shard().lsn);
  run.did |= C.DID_PUT;
  count(run, C.COUNT_PUT);
  writeKnown(run, run.thread);
  return end;
}

function giveIdBack(run: Run, id: u64): void {
  if (shard().index == 0) {
    commands.giveBackIds(id, id);
    return;
  }
  run.idsUsed--;
  run.nextId--;
}

/** Shard 0 has the counter itself; the others use up what the host took for them. */
function takeId(run: Run): f64 {
  if (shard().index == 0) return commands.nextId();
  run.idsUsed++;
  return run.nextId++;
}

/** `end` is the position behind the command's line; `seconds` its timeout. */
function reserve(run: Run, end: u32, counter: i32, seconds: f64): u32 {
  if (end == 0 || (run.flags & C.RUN_RESERVES) == 0) return 0;
  const conn = connAt(run.conn);
  // A grant that is under way may be the better job: the host sees to it first.
  if (conn.notes != 0 && ((conn.calling & CALL_GRANT) != 0 || !mayHold(conn))) return 0;
  let job = jobAt(0);
  do {
    const at = commands.bestTube(conn);
    if (at == 0) return wait(run, conn, end, counter, seconds);
    if (tubeAt(at).head <= run.bound) return 0;
    job = jobAt(tubeAt(at).best);
    if (job.away == AWAY) return 0;
    if (run.out + LINE_ROOM + <u64>job.bodyBytes > <u64>run.outEnd) {
      run.stop = C.STOP_ROOM;
      return 0;
    }
  } while (!mayTake(job));
  const bytes = job.bodyBytes;
  // Of a job that was more than put, what made it ready may be the last record.
  tell(run, job, job.cold == 0 ? job.lsn : shard().lsn);
  commands.reserve(job, conn, run.now);
  run.did |= C.DID_RESERVE;
  count(run, counter);
  writeWord(run, RESERVED, 8);
  store<u8>(run.out++, SPACE);
  writeNumber(run, job.minor);
  store<u8>(run.out++, SPACE);
  writeNumber(run, bytes);
  writeCrlf(run);
  run.out += bodies.readBody(job, 0, run.out, bytes);
  writeCrlf(run);
  return end;
}

/** Makes the connection wait, if that is for the run to do and nothing is to be said before. */
function wait(run: Run, conn: Conn, end: u32, counter: i32, seconds: f64): u32 {
  if ((run.flags & C.RUN_WAITS) == 0 || seconds == 0) return 0;
  const due = firstDue(conn);
  if (due - <f64>C.SAFETY_MARGIN_MICROS <= run.now) return 0;
  startWaiting(conn, run.generation);
  run.stop = C.STOP_WAITING;
  run.did |= C.DID_RESERVE;
  count(run, counter);
  setResult(run.thread, C.RESULT_DUE, due);
  setResult(run.thread, C.RESULT_TIMEOUT_SECONDS, seconds);
  return end;
}

function reserveWithTimeout(run: Run, at: u32): u32 {
  const p = at + 21;
  if (load<u64>(at + 7) != WITH_TI || (load<u64>(at + 15) & SIX_BYTES) != MEOUT_) return 0;
  const seconds = digits(p);
  if (!isU32(seconds, p, CR) || seconds >> 4 > 0x7fffffff) return 0;
  const end = lineEnd(run, p + lengthOf(seconds));
  return reserve(run, end, C.COUNT_RESERVE_WITH_TIMEOUT, <f64>(seconds >> 4));
}

/** The job when it is here and `run` may act on it; 0 otherwise. */
function heldJob(run: Run, id: u64): u32 {
  const at = findJob(id);
  return at != 0 && isHeldBy(jobAt(at), run.conn) ? at : 0;
}

/** NOT_FOUND, if that can be said here: other shards may have the job. */
function notFound(run: Run, end: u32, counter: i32): u32 {
  if ((run.flags & C.RUN_ONLY_SHARD) == 0) return 0;
  run.lsn = shard().lsn; // of whatever took it away
  count(run, counter);
  writeNotFound(run);
  return end;
}

function deleteJob(run: Run, at: u32): u32 {
  const id = readDelete(run, at);
  if (id == 0) return 0;
  const end = deleteEnd(at, id);
  const found = findJob(id >> 4);
  if (found == 0) return notFound(run, end, C.COUNT_DELETE);
  if (!commands.mayDelete(jobAt(found), run.conn))
    return jobAt(found).state == C.STATE_MOVING ? 0 : notFound(run, end, C.COUNT_DELETE);
  const level = earlyLevel(jobAt(found));
  commands.deleteJob(jobAt(found), run.now);
  tellAs(run, level, shard().lsn);
  writeDeleted(run);
  return end;
}

function touch(run: Run, at: u32): u32 {
  const p = at + 6;
  const id = digits(p);
  if (!isId(id, p, CR)) return 0;
  const end = lineEnd(run, p + lengthOf(id));
  if (end == 0) return 0;
  const found = heldJob(run, id >> 4);
  if (found == 0) return notFound(run, end, C.COUNT_TOUCH);
  commands.touch(jobAt(found), connAt(run.conn), run.now);
  count(run, C.COUNT_TOUCH);
  writeWord(run, TOUCHED_CR, 8);
  store<u8>(run.out++, LF);
  return end;
}

function bury(run: Run, at: u32): u32 {
  let p = at + 5;
  const id = digits(p);
  if (!isId(id, p, SPACE)) return 0;
  p += lengthOf(id) + 1;
  const pri = digits(p);
  if (!isU32(pri, p, CR)) return 0;
  const end = lineEnd(run, p + lengthOf(pri));
  if (end == 0) return 0;
  const found = heldJob(run, id >> 4);
  if (found == 0) return notFound(run, end, C.COUNT_BURY);
  commands.bury(jobAt(found), <u32>(pri >> 4), 0, run.now);
  run.lsn = shard().lsn;
  count(run, C.COUNT_BURY);
  writeWord(run, BURIED_CRLF, 8);
  lookAtMemory(run);
  return end;
}

/** A failure that found no memory ends the run: the next one may find some. */
function lookAtMemory(run: Run): void {
  if (shard().isShort != 0) run.stop = C.STOP_SHORT;
}

function release(run: Run, at: u32): u32 {
  let p = at + 8;
  const id = digits(p);
  if (!isId(id, p, SPACE)) return 0;
  p += lengthOf(id) + 1;
  const pri = digits(p);
  if (!isU32(pri, p, SPACE)) return 0;
  p += lengthOf(pri) + 1;
  const delay = digits(p);
  if (!isU32(delay, p, CR)) return 0;
  const end = lineEnd(run, p + lengthOf(delay));
  if (end == 0) return 0;
  const found = heldJob(run, id >> 4);
  if (found == 0) return notFound(run, end, C.COUNT_RELEASE);
  const isTagged = (jobAt(found).flags & TAGGED) != 0;
  const answer = commands.release(
    jobAt(found),
    <u32>(pri >> 4),
    <f64>(<u32>(delay >> 4)),
    0,
    run.now,
  );
  // Else it told the journal nothing that must survive.
  if (shard().keepsReleases != 0 || isTagged) run.lsn = shard().lsn;
  lookAtMemory(run);
  count(run, C.COUNT_RELEASE);
  if (answer == C.BURIED) {
    writeWord(run, BURIED_CRLF, 8);
    return end;
  }
  writeWord(run, RELEASED, 8);
  writeCrlf(run);
  return end;
}

/** One command; the position behind it, or 0. */
function step(run: Run, at: u32): u32 {
  const word = load<u64>(at);
  switch (<u32>word & 0xff) {
    case 0x70: // p
      return <u32>word == PUT_ ? put(run, at) : 0;
    case 0x72: // r
      if (word == RESERVE_CR)
        return reserve(run, lineEnd(run, at + 7), C.COUNT_RESERVE, C.NO_TIMEOUT);
      if (word == RELEASE_) return release(run, at);
      return (word & SEVEN_BYTES) == RESERVE ? reserveWithTimeout(run, at) : 0;
    case 0x64: // d
      return (word & SEVEN_BYTES) == DELETE_ ? deleteJob(run, at) : 0;
    case 0x74: // t
      return (word & SIX_BYTES) == TOUCH_ ? touch(run, at) : 0;
    case 0x62: // b
      if ((word & FIVE_BYTES) == BURY_) return bury(run, at);
      return (word & SIX_BYTES) == BATCH_ ? runBatch(run, at) : 0;
    default:
      return 0;
  }
}

/**
 * Runs commands of the `bytes` bytes at `offset` of the input slot, at most `most`, for a
 * connection (0 = without a record here) that uses `tube` (0 = another shard's). `flags`: RUN_*;
 * `boundHigh` and `boundLow` are the best head of other shards (ready.ts): what stands behind it is
 * left to the host. If it makes the connection wait, that is of `generation`. Outside shard 0 it
 * may give out the ids from `firstId` to `lastId`. RESULT_COUNT is how many bytes it took,
 * RESULT_STOP why it stopped there, RESULT_REPLY_BYTES what it answered; RESULT_DID, _IDS_USED and
 * _LSN as they say. RESULT_COMMANDS is how many it ran; the answer is DONE.
 */
export function run(
  t: u32,
  conn: u32,
  tube: u32,
  flags: i32,
  bodyMax: u32,
  offset: u32,
  bytes: u32,
  most: u32,
  firstId: f64,
  lastId: f64,
  boundHigh: u32,
  boundLow: u32,
  generation: u32,
  now: f64,
): i32 {
  enterAt(now);
  const it = changetype<Run>(resultSlot(t) + C.SCRATCH_OFFSET);
  let at = <u32>inputSlot(t) + offset;
  const start = at;
  it.end = at + bytes;
  beginLines(it, t);
  it.thread = t;
  it.tube = tube;
  it.conn = conn;
  it.flags = flags;
  it.generation = generation;
  it.bodyMax = min(bodyMax, C.INPUT_BYTES);
  it.did = 0;
  it.stop = C.STOP_END;
  it.idsUsed = 0;
  it.now = now;
  it.nextId = firstId;
  it.lastId = lastId;
  beginTold(it);
  it.bound = ((<u64>boundHigh) << 32) | boundLow;
  // Whatever ended a lease of the connection did so before the first of these commands.
  if (conn != 0 && connAt(conn).notes != 0) writeNotes(it, connAt(conn));
  let done: u32 = 0;
  while (at < it.end && done < most && it.stop == C.STOP_END) {
    if (!hasRoom()) {
      it.stop = C.STOP_JOURNAL;
      break;
    }
    if (it.out + LINE_ROOM > it.outEnd) {
      it.stop = C.STOP_ROOM;
      break;
    }
    const next = step(it, at);
    if (next == 0) {
      if (it.stop == C.STOP_END) it.stop = <u32>load<u8>(at);
      break;
    }
    at = next;
    done++;
  }
  setResult(t, C.RESULT_COUNT, <f64>(at - start));
  setResult(t, C.RESULT_REPLY_BYTES, <f64>(it.out - <u32>outputSlot(t)));
  setResult(t, C.RESULT_STOP, <f64>it.stop);
  setResult(t, C.RESULT_DID, <f64>it.did);
  setResult(t, C.RESULT_IDS_USED, <f64>it.idsUsed);
  setResult(t, C.RESULT_BODY_BYTES, <f64>it.needs);
  setResult(t, C.RESULT_LSN, heardTogether(it));
  setResult(t, C.RESULT_COMMANDS, <f64>done);
  return leave(t, C.DONE);
}
