/* Deadlines: what happens by itself when time passes: TTRs run out, delays end, pauses end, keys'
 * cooldowns and jobs' lives end, tubes that handed out as many jobs as they may go on.
 *
 * `settle` works off what is due, in order, at most STEP_DEADLINES of it at once; the rest keeps
 * `nextDue` in the past, so the next call or the host's timer goes on. The clock comes in as an
 * argument and never runs backwards here.
 */
import { END_TIMED_OUT, STATE_DELAYED, STATE_READY, STEP_DEADLINES } from "./constants";
import { endByItself } from "./attempts";
import { CONN_MINOR, Conn, connAt, extend, firstHeld, startClock } from "./conn";
import { CANCELLED, GRANTED, Job, jobAt } from "./job";
import { isParked } from "./jobgroups";
import * as journal from "./journal";
import { endCooling } from "./keys";
import { DELETE_BYTES } from "./layouts";
import { RETRY_MICROS, hasRoomForDeath, isOver } from "./limits";
import { tell, watchLimits } from "./limits";
import { Node, nodeAt } from "./node";
import { leaseEnds } from "./notes";
import { isResultTerm, resultOfTerm } from "./result";
import { endResult } from "./results";
import { enter, shard } from "./shard";
import * as pacing from "./pacing";
import { becomeReady, countTimeout, delayedRoot, die, endCancelled } from "./states";
import { endDelay } from "./states";
import { leaveState, match } from "./states";
import { Tags, jobOf, tagsOfTerm } from "./tags";
import * as terms from "./terms";
import { TERMS_MINOR, firstTerm, rewindTerms, startTerm, stopTerm } from "./terms";
import { SHUT_BY_PAUSE, SHUT_BY_RATE, Tube } from "./tube";
import { forgetIfUnused, isPaused, tubeAt, watchClock } from "./tube";
import * as ready from "./ready";
import * as timers from "./timers";
import * as tree from "./tree";

/** Takes the lock and lets everything happen that is due at `now`. */
export function enterAt(now: f64): void {
  enter();
  if (now >= shard().nextDue) settle(<u64>now, STEP_DEADLINES);
}

/** Works off at most `limit` deadlines, in the order of their times. */
function settle(now: u64, limit: u32): void {
  let left = limit;
  while (left > 0) {
    const at = timers.first();
    if (at == 0 || nodeAt(at).major > now) return;
    // One owner goes on until another's timer rings: what happens first must not depend on who has
    // something stale to look at.
    const until = min(now, timers.secondDue());
    const owner = nodeAt(at).minor;
    if (owner == CONN_MINOR) left = settleConn(connAt(at), until, now, left);
    else if (owner == TERMS_MINOR) left = settleTerms(until, now, left);
    else left = settleTube(tubeAt(at), until, now, left);
  }
}

/**
 * When the tube's first delay or its pause ends, or its rate lets it go on; u64.MAX_VALUE when it
 * has nothing of that.
 */
function firstDue(tube: Tube): u64 {
  const at = tree.first(delayedRoot(tube));
  let due = at == 0 || isParked(jobAt(at)) ? u64.MAX_VALUE : nodeAt(at).major;
  if (isPaused(tube)) due = min(due, tube.pausedUntil);
  return isShutByRate(tube) ? min(due, pacing.opensAt(tube)) : due;
}

function isShutByRate(tube: Tube): bool {
  return (tube.shut & SHUT_BY_RATE) != 0;
}

/**
 * Ends the tube's pause and its delays that are due up to `until`, and has it go on; returns how
 * much of `left` remains.
 */
function settleTube(tube: Tube, until: u64, now: u64, left: u32): u32 {
  let due = firstDue(tube);
  while (due <= until && left > 0) {
    if (isPaused(tube) && tube.pausedUntil == due) {
      unpause(tube, now);
    } else if (isShutByRate(tube) && pacing.opensAt(tube) == due) {
      pacing.open(tube);
      match(tube, now);
    } else {
      const job = jobAt(tree.first(delayedRoot(tube)));
      leaveState(job);
      endDelay(job, now);
    }
    left--;
    due = firstDue(tube);
  }
  timers.stop(tube, tube.timed);
  tube.timed = 0;
  if (due != u64.MAX_VALUE) watchClock(tube, due);
  return left > 0 ? left - 1 : 0;
}

/** Ends the terms that are over at `until`; returns how much of `left` remains. */
function settleTerms(until: u64, now: u64, left: u32): u32 {
  let at = firstTerm();
  while (at != 0 && nodeAt(at).major <= until && left > 0) {
    if (isResultTerm(at)) endKept(at, now);
    else endTerm(tagsOfTerm(at), now);
    left--;
    at = firstTerm();
  }
  rewindTerms();
  return left > 0 ? left - 1 : 0;
}

/** The time of a result is over; without room for its record it is tried again. */
function endKept(node: u32, now: u64): void {
  if (journal.hasRoomBeside(DELETE_BYTES)) {
    endResult(resultOfTerm(node));
    return;
  }
  const term = changetype<Node>(<usize>node);
  terms.endTerm(term);
  terms.beginTerm(term, now + RETRY_MICROS);
}

/** Without room for its record it is tried again a little later: meanwhile nothing comes of it. */
function endTerm(tags: Tags, now: u64): void {
  const isCooling = tags.isCooling != 0;
  if (isCooling ? !journal.hasRoomBeside(DELETE_BYTES) : !hasRoomForDeath()) {
    startTerm(tags, now + RETRY_MICROS);
    return;
  }
  if (isCooling) {
    const tube = tubeAt(tags.tube);
    endCooling(tags);
    forgetIfUnused(tube);
  } else endLimits(tags, jobOf(tags), now);
}

/** A job owes a record, or its limits may be over: only a ready or delayed one ends by them. */
function endLimits(tags: Tags, job: Job, now: u64): void {
  stopTerm(tags);
  if (tags.owes != 0) tell(job, true, now);
  if (job.state != STATE_READY && job.state != STATE_DELAYED) return;
  if (!isOver(job, now)) {
    watchLimits(job);
    return;
  }
  leaveState(job);
  die(job, now);
}

/**
 * Whether the holder waits for the body yet: its time has not begun. That of a grant which nobody
 * collects is over as that of others.
 */
function waitsForBody(job: Job): bool {
  return job.isUnseen != 0 && (job.flags & GRANTED) == 0;
}

/** Takes from `conn` the jobs whose TTR is over at `until`; returns how much of `left` remains. */
function settleConn(conn: Conn, until: u64, now: u64, left: u32): u32 {
  let at = firstHeld(conn);
  while (at != 0 && nodeAt(at).major <= until && left > 0) {
    const job = jobAt(at);
    left--;
    if (waitsForBody(job)) {
      extend(job, conn, now);
      at = firstHeld(conn);
      continue;
    }
    tubeAt(job.tube).timeouts++;
    shard().timeouts++;
    leaseEnds(job);
    if ((job.flags & CANCELLED) != 0) {
      endCancelled(job, now);
      at = firstHeld(conn);
      continue;
    }
    countTimeout(job);
    endByItself(job, END_TIMED_OUT, now);
    leaveState(job);
    becomeReady(job, now, true);
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
  tube.shut &= ~SHUT_BY_PAUSE;
  ready.refresh(tube);
  match(tube, now);
}

/** No plain reserve gets a job of `tube` for `micros`. */
export function pause(tube: Tube, micros: u64, now: u64): void {
  pauseUntil(tube, micros, now + micros);
}

/** What is left of a pause of `micros`. */
export function pauseUntil(tube: Tube, micros: u64, until: u64): void {
  tube.pauseMicros = micros;
  tube.pausedUntil = until;
  tube.shut |= SHUT_BY_PAUSE;
  ready.refresh(tube);
  watchClock(tube, tube.pausedUntil);
}
