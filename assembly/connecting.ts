/* Connecting: the exports with which connections begin and end, are named, and use and watch tubes.
 *
 * A tube stays for as long as it is used, watched or pinned, or has jobs. Called for sessions
 * (src/engine/reserving.ts). Conventions: index.ts.
 */
import { DONE, MORE, OUT_OF_MEMORY, RESULT_REF, STEP_JOBS, WHO_OFFSET } from "./constants";
import { connectionLost } from "./attempts";
import { closeAwaits } from "./awaits";
import { handBack } from "./commands";
import * as conns from "./conn";
import { CALL_END, CALL_GRANT, CALL_NOTE, connAt } from "./conn";
import { enterAt } from "./deadlines";
import { addConn, dropConn } from "./holders";
import { jobAt } from "./job";
import { dropMark } from "./marks";
import { closeNotes } from "./notes";
import * as ready from "./ready";
import { enter, inputSlot, leave, must, resultSlot, setResult } from "./shard";
import * as states from "./states";
import { findOrMakeTube, forgetIfUnused, tubeAt } from "./tube";

/* Tubes. */

/**
 * Uses the tube whose name lies at `offset` of the input slot; RESULT_REF is the tube. With
 * `number` 0 none is made.
 */
export function useTube(t: u32, offset: u32, bytes: u32, number: f64): i32 {
  enter();
  const at = findOrMakeTube(inputSlot(t) + offset, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  if (!ready.keepSpareBucket(tubeAt(at))) {
    forgetIfUnused(tubeAt(at));
    return leave(t, OUT_OF_MEMORY);
  }
  tubeAt(at).using++;
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Ends one use. The tube may be gone afterwards. */
export function unuseTube(t: u32, tube: u32): i32 {
  enter();
  must(tubeAt(tube).using > 0);
  tubeAt(tube).using--;
  forgetIfUnused(tubeAt(tube));
  return leave(t, DONE);
}

/** Makes the tube one that is never forgotten. */
export function pinTube(t: u32, offset: u32, bytes: u32, number: f64): i32 {
  enter();
  const at = findOrMakeTube(inputSlot(t) + offset, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  tubeAt(at).pinned = 1;
  return leave(t, DONE);
}

/* Connections. */

/** A record for session `token` of thread `t`; RESULT_REF is the connection. */
export function openConn(t: u32, token: u32): i32 {
  enter();
  const at = conns.makeConn(t, token);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  addConn(connAt(at));
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/**
 * Ends a connection, a bounded part of it at a time: MORE until nothing of it is left. It waits for
 * nothing any more, a grant is handed back, its jobs become ready without being counted as timed
 * out or released (an attempt at each has failed, unless its body is awaited yet), its watches end.
 */
export function closeConn(t: u32, conn: u32, now: f64): i32 {
  enterAt(now);
  const c = connAt(conn);
  conns.stopWaiting(c);
  conns.uncall(c, CALL_GRANT | CALL_NOTE | CALL_END);
  if (c.granted != 0) states.handBack(conns.grantedJob(c), c.grantedSince, <u64>now);
  let left = STEP_JOBS;
  let job = conns.firstHeld(c);
  while (job != 0 && left > 0) {
    if (jobAt(job).isUnseen != 0) handBack(jobAt(job), c, 0, now);
    else connectionLost(jobAt(job), <u64>now);
    left--;
    job = conns.firstHeld(c);
  }
  while (c.watchHead != 0 && left > 0) {
    conns.dropWatch(c, conns.watchAt(c.watchHead));
    left--;
  }
  left = closeNotes(c, left);
  if (left != 0) left = closeAwaits(c, left);
  if (left == 0) return leave(t, MORE);
  dropMark(c);
  dropConn(c);
  conns.freeConn(c);
  return leave(t, DONE);
}

/**
 * Calls the connection what the `bytes` bytes at WHO_OFFSET of the thread's area say, WHO_MAX at
 * most: failures of what it holds tell.
 */
export function nameConn(t: u32, conn: u32, bytes: u32): i32 {
  enter();
  conns.nameConn(connAt(conn), resultSlot(t) + WHO_OFFSET, bytes);
  return leave(t, DONE);
}

/** When the first TTR of the jobs that `conn` holds runs out; NEVER_MICROS when it holds none. */
export function soonest(t: u32, conn: u32): f64 {
  enter();
  const due = conns.firstDue(connAt(conn));
  leave(t, DONE);
  return due;
}

/**
 * Adds the named tube to what `conn` watches here; RESULT_REF is the tube. With `number` 0 none is
 * made.
 */
export function watchTube(t: u32, conn: u32, offset: u32, bytes: u32, number: f64): i32 {
  enter();
  const at = findOrMakeTube(inputSlot(t) + offset, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  const tube = tubeAt(at);
  if (!ready.keepSpareBucket(tube) || !conns.addWatch(connAt(conn), tube)) {
    forgetIfUnused(tube);
    return leave(t, OUT_OF_MEMORY);
  }
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Takes `tube` out of what `conn` watches; it does. */
export function ignoreTube(t: u32, conn: u32, tube: u32): i32 {
  enter();
  const watch = conns.findWatch(connAt(conn), tube);
  must(watch != 0);
  conns.dropWatch(connAt(conn), conns.watchAt(watch));
  return leave(t, DONE);
}
