/* Deadlines: what happens by itself when time passes: TTRs run out, delays end, pauses end.
 *
 * `settle` works off what is due, in order, at most STEP_DEADLINES of it at once; the rest keeps `nextDue` in the past, so the next
 * call or the host's timer goes on. The clock comes in as an argument and never runs backwards here.
 */
import { STEP_DEADLINES } from "./constants";
import { CONN_MINOR, Conn, connAt, firstHeld, startClock } from "./conn";
import { jobAt } from "./job";
import { nodeAt } from "./node";
import { enter, shard } from "./shard";
import { becomeReady, countTimeout, delayedRoot, leaveState, match } from "./states";
import { Tube, isPaused, tubeAt, watchClock } from "./tube";
import * as ready from "./ready";
import * as timers from "./timers";
import * as tree from "./tree";

/** Takes the lock and lets everything happen that is due at `now`. */
export function enterAt(now: f64): void {
  enter();
  if (now >= shard().nextDue) settle(<u64>now, STEP_DEADLINES);
}

/** Works off at most `limit` deadlines. */
function settle(now: u64, limit: u32): void {
  let left = limit;
  while (left > 0) {
    const at = timers.first();
    if (at == 0 || nodeAt(at).major > now) return;
    left = nodeAt(at).minor == CONN_MINOR ? settleConn(connAt(at), now, left) : settleTube(tubeAt(at), now, left);
  }
}

/** Ends the tube's pause and its delays that are due; answers how much of `left` remains. */
function settleTube(tube: Tube, now: u64, left: u32): u32 {
  if (isPaused(tube) && tube.pausedUntil <= now) unpause(tube, now);
  let at = tree.first(delayedRoot(tube));
  while (at != 0 && nodeAt(at).major <= now && left > 0) {
    leaveState(jobAt(at));
    becomeReady(jobAt(at), now);
    left--;
    at = tree.first(delayedRoot(tube));
  }
  let due = at == 0 ? u64.MAX_VALUE : nodeAt(at).major;
  if (isPaused(tube)) due = min(due, tube.pausedUntil);
  timers.stop(tube, tube.timed);
  tube.timed = 0;
  if (due != u64.MAX_VALUE) watchClock(tube, due);
  return left > 0 ? left - 1 : 0;
}

/** Takes from `conn` the jobs whose TTR is over; answers how much of `left` remains. */
function settleConn(conn: Conn, now: u64, left: u32): u32 {
  let at = firstHeld(conn);
  while (at != 0 && nodeAt(at).major <= now && left > 0) {
    const job = jobAt(at);
    countTimeout(job);
    shard().timeouts++;
    leaveState(job);
    becomeReady(job, now);
    left--;
    at = firstHeld(conn);
  }
  timers.stop(conn, conn.timed);
  conn.timed = 0;
  if (at != 0) startClock(conn, nodeAt(at).major);
  return left > 0 ? left - 1 : 0;
}

/** Ends the pause of `tube`; those who wait get its jobs. */
export function unpause(tube: Tube, now: u64): void {
  tube.pausedUntil = 0;
  tube.pauseMicros = 0;
  ready.refresh(tube);
  match(tube, now);
}

/** No plain reserve gets a job of `tube` for `micros`. */
export function pause(tube: Tube, micros: u64, now: u64): void {
  tube.pauseMicros = micros;
  tube.pausedUntil = now + micros;
  ready.refresh(tube);
  watchClock(tube, tube.pausedUntil);
}
