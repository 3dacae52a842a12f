/* Vouching: the exports with which whoever knows a session's token keeps its leases, from any
 * connection.
 *
 * A connection has a Mark here once its session was asked for its token: a node in a tree of the
 * shard by the 128 bits of that, so that one is found in logarithmic time. The token lies at
 * WHO_OFFSET of the thread's area. Called for sessions (src/session/vouching.ts). Conventions:
 * index.ts.
 */
import {
  DONE,
  MORE,
  NOT_FOUND,
  OUT_OF_MEMORY,
  RESULT_COUNT,
  STEP_JOBS,
  WHO_OFFSET,
} from "./constants";
import * as conns from "./conn";
import { Conn, connAt } from "./conn";
import { enterAt } from "./deadlines";
import { GRANTED, Job, jobAt } from "./job";
import { marksRoot, Mark, markAt } from "./marks";
import { FIXED, take } from "./memory";
import { enter, leave, resultSlot, setResult } from "./shard";
import * as times from "./times";
import * as tree from "./tree";

/** The mark with the token in the area of thread `t`, or 0. */
function findMark(t: u32): u32 {
  const token = resultSlot(t) + WHO_OFFSET;
  const high = load<u64>(token);
  const low = load<u64>(token, 8);
  let at = tree.findFrom(marksRoot(), high);
  while (at != 0 && markAt(at).major == high && markAt(at).minor != low) at = tree.next(at);
  return at != 0 && markAt(at).major == high ? at : 0;
}

/** `conn` is that of the session with this token: DONE or OUT_OF_MEMORY. */
export function markConn(t: u32, conn: u32): i32 {
  enter();
  const it = connAt(conn);
  if (it.mark != 0) return leave(t, DONE);
  const at = take(FIXED, offsetof<Mark>(), true);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  memory.fill(at, 0, offsetof<Mark>());
  const mark = markAt(at);
  mark.major = load<u64>(resultSlot(t) + WHO_OFFSET);
  mark.minor = load<u64>(resultSlot(t) + WHO_OFFSET, 8);
  mark.conn = conn;
  tree.insert(marksRoot(), mark);
  it.mark = at;
  return leave(t, DONE);
}

/**
 * Has each lease here of the session with that token last at least `seconds` from now; none becomes
 * shorter. NOT_FOUND when it has no connection here; MORE until all is done: then RESULT_COUNT is
 * how many leases it has.
 */
export function vouch(t: u32, seconds: u32, now: f64): i32 {
  enterAt(now);
  const at = findMark(t);
  if (at == 0) return leave(t, NOT_FOUND);
  const conn = connAt(markAt(at).conn);
  const isDone = keepUntil(conn, <u64>now + <u64>seconds * 1000000);
  setResult(t, RESULT_COUNT, <f64>(conn.heldCount - (conn.granted == 0 ? 0 : 1)));
  return leave(t, isDone ? DONE : MORE);
}

/** False when there are more leases that end before; the time of a grant has not begun. */
function keepUntil(conn: Conn, until: u64): bool {
  let left = STEP_JOBS;
  let at = conns.firstHeld(conn);
  while (at != 0 && jobAt(at).major < until) {
    if (left-- == 0) return false;
    const next = tree.next(at);
    if ((jobAt(at).flags & GRANTED) == 0) keep(jobAt(at), conn, until);
    at = next;
  }
  return true;
}

function keep(job: Job, conn: Conn, until: u64): void {
  if (conn.collectedId == job.minor) conn.collectedId = 0;
  times.touched(job);
  conns.unhold(conn, job);
  conns.hold(conn, job, until);
}
