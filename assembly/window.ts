/* Window: the exports with which a connection is given jobs unasked, and told of leases that ended.
 *
 * `fill` writes JOB lines with their bodies for as many jobs as fit: one call and one lock for all
 * that a turn hands out. It has the connection wait here when nothing is left, as a blocked reserve
 * does; the protocol is that of test/model/window.pml. What was to be told is written in front.
 * Called for windows (src/session/window.ts). Conventions: index.ts.
 */
import { Told, beginTold, heardTogether, tell } from "./acks";
import {
  AWAY,
  DONE,
  LONG,
  MORE,
  NONE,
  NOT_FOUND,
  OUT_OF_MEMORY,
  RESULT_BODY_BYTES,
  RESULT_COUNT,
  RESULT_ID,
  RESULT_LSN,
  RESULT_REF,
  RESULT_REPLY_BYTES,
  SCRATCH_OFFSET,
  WAITING,
  WORSE,
} from "./constants";
import * as commands from "./commands";
import { mayTake } from "./lanes";
import * as conns from "./conn";
import { CALL_GRANT, Conn, connAt } from "./conn";
import { enterAt } from "./deadlines";
import * as bodies from "./job";
import { Job, hasBody, jobAt } from "./job";
import { SPACE, beginLines, writeCrlf, writeNumber, writeWord } from "./lines";
import * as notes from "./notes";
import { enter, leave, outputSlot, resultSlot, setResult, shard } from "./shard";
import { findJob, handBack, isHeldBy } from "./states";
import { nameOf, tubeAt } from "./tube";
import { JOB_LINE_ROOM } from "./layouts";

/** What a call keeps at hand; lies in the thread's result area, where a run would keep its own. */
@unmanaged
class Filling extends Told {
  jobs: u32;
}

const JOB_: u64 = 0x20424f4a; // "JOB "

function begin(t: u32): Filling {
  const filling = changetype<Filling>(resultSlot(t) + SCRATCH_OFFSET);
  beginLines(filling, t);
  filling.jobs = 0;
  beginTold(filling);
  return filling;
}

function end(t: u32, filling: Filling, answer: i32): i32 {
  setResult(t, RESULT_REPLY_BYTES, <f64>(filling.out - <u32>outputSlot(t)));
  setResult(t, RESULT_COUNT, <f64>filling.jobs);
  setResult(t, RESULT_LSN, heardTogether(filling));
  return leave(t, answer);
}

/**
 * From now on `conn` is told of leases that end without its doing: DONE, or OUT_OF_MEMORY, and it
 * may be told of what it has.
 */
export function openNotes(t: u32, conn: u32): i32 {
  enter();
  return leave(t, notes.openNotes(connAt(conn)) ? DONE : OUT_OF_MEMORY);
}

/**
 * Writes lines with what `conn` is to be told: RESULT_REPLY_BYTES of them. MORE when that is not
 * all.
 */
export function takeNotes(t: u32, conn: u32): i32 {
  enter();
  const filling = begin(t);
  const it = connAt(conn);
  if (it.notes != 0) notes.writeNotes(filling, it);
  return end(t, filling, notes.arePending(it) ? MORE : DONE);
}

/**
 * How many jobs `conn` holds here, as far as it was told: one that it lost counts until it hears of
 * that, so that it is never sent more than its window has room for; a grant that it has not
 * collected is none.
 */
export function heldCount(t: u32, conn: u32): f64 {
  enter();
  const it = connAt(conn);
  const count = it.heldCount - (it.granted == 0 ? 0 : 1) + notes.untoldLosses(it);
  leave(t, DONE);
  return <f64>count;
}

/**
 * Gives the best jobs to `conn`, which is told, until it holds `most` here (DONE). Stops before at
 * what is not better than the head (`boundHigh`, `boundLow`) in other shards (WORSE), for want of
 * memory (OUT_OF_MEMORY) or of room (MORE), behind a job whose body has not all found room (LONG),
 * in front of one whose body, that of RESULT_ID, is not in memory (AWAY),
 * and when there is nothing left: then `conn` waits here (WAITING), unless `generation` is 0
 * (NONE). It is given nothing while it waits here or has a grant to collect (WAITING).
 * RESULT_REPLY_BYTES stand in the output slot: what was to be told, and a line and the body of each
 * of RESULT_COUNT jobs. With LONG the last body, of RESULT_ID, is pinned: RESULT_REF of its
 * RESULT_BODY_BYTES stand there, and the others are to follow with a CRLF.
 */
export function fill(
  t: u32,
  conn: u32,
  most: u32,
  boundHigh: u32,
  boundLow: u32,
  generation: u32,
  now: f64,
): i32 {
  enterAt(now);
  const filling = begin(t);
  const it = connAt(conn);
  const bound = ((<u64>boundHigh) << 32) | boundLow;
  notes.writeNotes(filling, it);
  return end(t, filling, fillUp(t, filling, it, most, bound, generation, now));
}

function fillUp(
  t: u32,
  filling: Filling,
  conn: Conn,
  most: u32,
  bound: u64,
  generation: u32,
  now: f64,
): i32 {
  if (notes.arePending(conn)) return MORE;
  while (conn.heldCount < most) {
    if (conn.waiting != 0 || (conn.calling & CALL_GRANT) != 0) return WAITING;
    if (!notes.mayHold(conn)) return OUT_OF_MEMORY;
    const at = commands.bestOpen(conn);
    if (at == 0) return generation == 0 ? NONE : wait(conn, generation);
    if (tubeAt(at).head <= bound) return WORSE;
    const job = jobAt(tubeAt(at).best);
    if (!hasBody(job)) return awaitBody(t, job);
    const room = <u64>filling.outEnd - filling.out;
    if (JOB_LINE_ROOM + <u64>job.bodyBytes > room && filling.out > <u32>outputSlot(t)) return MORE;
    if (!mayTake(job)) continue;
    commands.reserve(job, conn, now);
    if (write(t, filling, job) == LONG) return LONG;
  }
  return DONE;
}

/** The job, whose body is read back, stays where it is. */
function awaitBody(t: u32, job: Job): i32 {
  setResult(t, RESULT_ID, <f64>job.minor);
  return AWAY;
}

function wait(conn: Conn, generation: u32): i32 {
  conns.startWaiting(conn, generation);
  return WAITING;
}

/** Writes JOB and the body: DONE, or LONG when there was no room for all of that. */
function write(t: u32, filling: Filling, job: Job): i32 {
  const tube = tubeAt(job.tube);
  writeWord(filling, JOB_, 4);
  writeNumber(filling, job.minor);
  writeWord(filling, <u64>SPACE, 1);
  writeNumber(filling, job.reserves);
  writeWord(filling, <u64>SPACE, 1);
  memory.copy(filling.out, nameOf(tube), tube.nameBytes);
  filling.out += <u32>tube.nameBytes;
  writeWord(filling, <u64>SPACE, 1);
  writeNumber(filling, job.bodyBytes);
  writeCrlf(filling);
  filling.jobs++;
  // Of a job that was more than put, what made it ready may be the last record.
  tell(filling, job, job.cold == 0 ? job.lsn : shard().lsn);
  const room = filling.outEnd - filling.out;
  const shown = bodies.readBody(job, 0, filling.out, room);
  filling.out += shown;
  if (job.bodyBytes + 2 <= room) {
    writeCrlf(filling);
    return DONE;
  }
  bodies.pin(job);
  setResult(t, RESULT_ID, <f64>job.minor);
  setResult(t, RESULT_BODY_BYTES, <f64>job.bodyBytes);
  setResult(t, RESULT_REF, <f64>shown);
  return LONG;
}

/** As `fill`, for the one job that `conn` has just collected: DONE, LONG, AWAY or NOT_FOUND. */
export function tellJob(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const filling = begin(t);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return end(t, filling, NOT_FOUND);
  if (!hasBody(jobAt(at))) return end(t, filling, awaitBody(t, jobAt(at)));
  return end(t, filling, write(t, filling, jobAt(at)));
}

/**
 * `conn` waits here no more; a grant that was made goes back to its place as if nothing had
 * happened.
 */
export function unwait(t: u32, conn: u32, now: f64): i32 {
  enterAt(now);
  const it = connAt(conn);
  conns.stopWaiting(it);
  conns.uncall(it, CALL_GRANT);
  if (it.granted != 0) handBack(conns.grantedJob(it), it.grantedSince, <u64>now);
  return leave(t, DONE);
}
