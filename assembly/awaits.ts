/* Awaits: who wants to hear how jobs end, and what they are to be told.
 *
 * An Await is one connection's wait for the end of one job. While the job goes on it stands in two
 * lists: its job's, which hangs on the Cold record, and its connection's. When the job ends it goes
 * over to those that are due, with how it ended and a text: the result, or the newest failure
 * message. That needs no memory, so whatever ends a job need not ask. The connection's thread is
 * called for, as for a grant, and tells (awaiting.ts).
 *
 *   await --> pending --(the job ends)--> due --(told)--> gone
 *        \--(it is over: buried, or its result is kept)-->
 *
 * A text is a failure in no job's list (failure.ts), one for all who are told it, in the shard's
 * list of texts: `number` is how many have it, `attempt` the text before it. A buried job is over:
 * nobody waits for it, unless it is dead and is to go to a dead-letter tube (leaving.ts). A job
 * that goes to another shard ends here as MOVED, which is told to nobody: its session asks again.
 *
 * Who may not hear of every tube asks with AWAIT_TUBE. It is called as well when it begins and when
 * the job comes into another tube of this shard: the Await is due, says IN_TUBE and which one, and
 * stays among those of the job. Whether it then waits on is the session's to say; if the job ends
 * first, the end takes the place of IN_TUBE, so nothing is lost in between.
 */
import {
  AWAIT_TUBE,
  AWAIT_VITAL,
  OUTCOME_BURIED,
  OUTCOME_IN_TUBE,
  OUTCOME_MOVED,
  TUBE_NAME_MAX,
} from "./constants";
import { CALL_END, Conn, addressOfConn, call, connAt, uncall } from "./conn";
import { appendWhole, failureAt, freeFailure, lastMessage, makeFailure } from "./failure";
import { Cold, Job, coldAt, makeCold } from "./job";
import { FIXED, give, take } from "./memory";
import { must, shard, wake } from "./shard";
import { Tube, nameOf, tubeAt } from "./tube";

/** What one connection awaits here. */
@unmanaged
export class Awaits {
  /** The jobs that go on. */
  pending: u32;
  /** What it is to be told, first come first told. */
  due: u32;
  lastDue: u32;
}

@unmanaged
export class Await {
  /** Neighbours among those of the connection; of one that is due the next alone. */
  next: u32;
  prev: u32;
  /** Neighbours among those of the job, while it goes on. */
  nextOfJob: u32;
  prevOfJob: u32;
  conn: u32;
  /** AWAIT_*, as it was asked for. */
  how: u32;
  /** Of one that is due: OUTCOME_*, and the text; 0 when there is none. */
  end: u32;
  text: u32;
  /** While the job goes on here: its Cold record. */
  cold: u32;
  /** With AWAIT_TUBE: how often it was said in which tube the job is; the name lies behind this. */
  tubes: u32;
  /** The length of that name; 0 when there is none, as of a result that is kept. */
  tubeBytes: u32;
  id: u64;
}

export function awaitsAt(address: u32): Awaits {
  return changetype<Awaits>(<usize>address);
}

export function awaitAt(address: u32): Await {
  return changetype<Await>(<usize>address);
}

/* Texts. */

/** A text that nobody has yet is one from now on. */
export function addText(at: u32): void {
  const text = failureAt(at);
  text.number = 0;
  text.attempt = 0;
  text.next = shard().texts;
  if (text.next != 0) failureAt(text.next).attempt = at;
  shard().texts = at;
}

/** One more has the text; 0 is none. */
export function shareText(at: u32): void {
  if (at != 0) failureAt(at).number++;
}

/** One of those who have it is done; without any it is freed. */
export function leaveText(at: u32): void {
  if (at == 0) return;
  failureAt(at).number--;
  freeUnshared(at);
}

/** Frees a text that nobody has. */
export function freeUnshared(at: u32): void {
  if (at == 0 || failureAt(at).number != 0) return;
  const text = failureAt(at);
  if (text.attempt != 0) failureAt(text.attempt).next = text.next;
  else shard().texts = text.next;
  if (text.next != 0) failureAt(text.next).attempt = text.attempt;
  freeFailure(text);
}

/** The newest failure message of the job as a text; 0 when it has none, or without memory. */
function newestFailure(job: Job): u32 {
  const found = lastMessage(job);
  if (found == 0) return 0;
  const made = makeFailure(0, 0, failureAt(found).bytes, true, true);
  if (made == 0) return 0;
  if (!appendWhole(failureAt(made), failureAt(found))) {
    freeFailure(failureAt(made));
    return 0;
  }
  addText(made);
  return made;
}

/* Awaiting. */

/** The bytes of one that was asked for so. */
export function bytesOfAwait(how: u32): u32 {
  return offsetof<Await>() + ((how & AWAIT_TUBE) == 0 ? 0 : TUBE_NAME_MAX);
}

/** Where the name of the tube lies. */
export function tubeNameOf(at: u32): u32 {
  return at + offsetof<Await>();
}

function makeAwait(conn: Conn, id: u64, how: u32): u32 {
  const vital = (how & AWAIT_VITAL) != 0;
  if (conn.awaits == 0) {
    conn.awaits = take(FIXED, offsetof<Awaits>(), vital);
    if (conn.awaits == 0) return 0;
    memory.fill(conn.awaits, 0, offsetof<Awaits>());
  }
  const at = take(FIXED, bytesOfAwait(how), vital);
  if (at == 0) return 0;
  memory.fill(at, 0, offsetof<Await>());
  awaitAt(at).how = how;
  awaitAt(at).conn = addressOfConn(conn);
  awaitAt(at).id = id;
  return at;
}

/** `conn` awaits a job that goes on, as AWAIT_* say; false when there is no memory. */
export function startAwait(conn: Conn, job: Job, how: u32): bool {
  const at = makeAwait(conn, job.minor, how);
  if (at == 0) return false;
  if (job.cold == 0 && makeCold(job, (how & AWAIT_VITAL) != 0) == 0) {
    give(at);
    return false;
  }
  const one = awaitAt(at);
  const cold = coldAt(job.cold);
  one.nextOfJob = cold.awaits;
  if (cold.awaits != 0) awaitAt(cold.awaits).prevOfJob = at;
  cold.awaits = at;
  one.cold = job.cold;
  if ((how & AWAIT_TUBE) == 0) becomePending(conn, at);
  else {
    noteTube(at, tubeAt(job.tube));
    fallDue(conn, at, OUTCOME_IN_TUBE, 0);
  }
  return true;
}

function becomePending(conn: Conn, at: u32): void {
  const awaits = awaitsAt(conn.awaits);
  const one = awaitAt(at);
  one.prev = 0;
  one.next = awaits.pending;
  if (awaits.pending != 0) awaitAt(awaits.pending).prev = at;
  awaits.pending = at;
}

/** `conn` awaits what is over; false when there is no memory. */
export function awaitOver(conn: Conn, id: u64, end: u32, text: u32, how: u32): bool {
  const at = makeAwait(conn, id, how);
  if (at == 0) return false;
  fallDue(conn, at, end, text);
  return true;
}

/** As `awaitOver`, of a job that is buried. */
export function awaitBuried(conn: Conn, job: Job, how: u32): bool {
  const text = newestFailure(job);
  const at = makeAwait(conn, job.minor, how);
  if (at != 0) {
    if ((how & AWAIT_TUBE) != 0) noteTube(at, tubeAt(job.tube));
    fallDue(conn, at, OUTCOME_BURIED, text);
  }
  freeUnshared(text);
  return at != 0;
}

function fallDue(conn: Conn, at: u32, end: u32, text: u32): void {
  const awaits = awaitsAt(conn.awaits);
  const one = awaitAt(at);
  one.next = 0;
  one.prev = 0;
  one.end = end;
  one.text = text;
  shareText(text);
  if (awaits.due == 0) awaits.due = at;
  else awaitAt(awaits.lastDue).next = at;
  awaits.lastDue = at;
  call(conn, CALL_END);
}

/* Tubes. */

/** The job is in another tube of this shard: those who asked for it are called. */
export function tellTube(job: Job): void {
  for (let at = coldAt(job.cold).awaits; at != 0; at = awaitAt(at).nextOfJob) {
    const one = awaitAt(at);
    if ((one.how & AWAIT_TUBE) == 0) continue;
    noteTube(at, tubeAt(job.tube));
    becomeDue(at, OUTCOME_IN_TUBE, 0);
  }
}

/** Has one of a job's be due with that, instead of with a tube if it is that. */
function becomeDue(at: u32, end: u32, text: u32): void {
  const one = awaitAt(at);
  const conn = connAt(one.conn);
  if (one.end == OUTCOME_IN_TUBE) {
    one.end = end;
    one.text = text;
    shareText(text);
    call(conn, CALL_END);
  } else {
    leavePending(conn, one);
    fallDue(conn, at, end, text);
  }
  wake(conn.thread);
}

function noteTube(at: u32, tube: Tube): void {
  const one = awaitAt(at);
  one.tubes++;
  one.tubeBytes = tube.nameBytes;
  memory.copy(tubeNameOf(at), <u32>nameOf(tube), tube.nameBytes);
}

/**
 * Waits on with the first that is due, unless more has happened than what was said `tubes` times:
 * then it stays due.
 */
export function waitOn(conn: Conn, tubes: u32): void {
  const awaits = awaitsAt(conn.awaits);
  const at = awaits.due;
  must(at != 0);
  const one = awaitAt(at);
  if (one.end != OUTCOME_IN_TUBE || one.tubes != tubes) return;
  awaits.due = one.next;
  one.end = 0;
  becomePending(conn, at);
  if (awaits.due == 0) uncall(conn, CALL_END);
}

/* Ending. */

/** Whether somebody waits for the end of the job. */
export function isAwaited(job: Job): bool {
  return job.cold != 0 && coldAt(job.cold).awaits != 0;
}

/** All who await the job are to be told that it ended so, and its newest failure. */
export function tellEnd(job: Job, end: u32): void {
  const text = end == OUTCOME_MOVED ? 0 : newestFailure(job);
  tellText(coldAt(job.cold), end, text);
  freeUnshared(text);
}

/** All who await a job are to be told that it ended so, and a text. */
export function tellText(cold: Cold, end: u32, text: u32): void {
  while (cold.awaits != 0) {
    const at = cold.awaits;
    const one = awaitAt(at);
    cold.awaits = one.nextOfJob;
    one.nextOfJob = 0;
    one.prevOfJob = 0;
    one.cold = 0;
    becomeDue(at, end, text);
  }
}

function leavePending(conn: Conn, one: Await): void {
  if (one.prev != 0) awaitAt(one.prev).next = one.next;
  else awaitsAt(conn.awaits).pending = one.next;
  if (one.next != 0) awaitAt(one.next).prev = one.prev;
}

function leaveJob(one: Await): void {
  if (one.prevOfJob != 0) awaitAt(one.prevOfJob).nextOfJob = one.nextOfJob;
  else coldAt(one.cold).awaits = one.nextOfJob;
  if (one.nextOfJob != 0) awaitAt(one.nextOfJob).prevOfJob = one.prevOfJob;
}

/** The job's Cold record is at another address. */
export function settleAwaits(cold: u32): void {
  for (let at = coldAt(cold).awaits; at != 0; at = awaitAt(at).nextOfJob) awaitAt(at).cold = cold;
}

/* Telling. */

/** What `conn` is to be told first, or 0. */
export function firstDue(conn: Conn): u32 {
  return conn.awaits == 0 ? 0 : awaitsAt(conn.awaits).due;
}

/** It was told that. */
export function dropDue(conn: Conn): void {
  const awaits = awaitsAt(conn.awaits);
  const at = awaits.due;
  must(at != 0);
  awaits.due = awaitAt(at).next;
  if (awaitAt(at).cold != 0) leaveJob(awaitAt(at));
  leaveText(awaitAt(at).text);
  give(at);
  if (awaits.due == 0) uncall(conn, CALL_END);
}

/** Ends what `conn` awaits, at most `most` of it; returns how much it did not. */
export function closeAwaits(conn: Conn, most: u32): u32 {
  if (conn.awaits == 0) return most;
  const awaits = awaitsAt(conn.awaits);
  let left = most;
  while (left > 0 && awaits.due != 0) {
    dropDue(conn);
    left--;
  }
  while (left > 0 && awaits.pending != 0) {
    const at = awaits.pending;
    leaveJob(awaitAt(at));
    leavePending(conn, awaitAt(at));
    give(at);
    left--;
  }
  if (left == 0) return 0;
  give(conn.awaits);
  conn.awaits = 0;
  return left;
}
