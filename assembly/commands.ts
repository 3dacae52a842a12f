/* Commands: what the commands do to jobs, within a critical section that is already entered.
 *
 * The exports in index.ts and `run` stand on these. Nothing here takes the lock or looks at input
 * and output.
 */
import { setHeard } from "./acks";
import { endByCommand } from "./attempts";
import { isAwaited, tellEnd } from "./awaits";
import {
  BURIED,
  DONE,
  END_BURIED,
  END_RELEASED,
  ID_MAX,
  KIND_BURIED,
  KIND_READY,
  NO_DELAY,
  OUTCOME_CANCELLED,
  OUTCOME_DEAD,
  OUTCOME_DELETED,
  RESULT_LSN,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_MOVING,
  STATE_READY,
  STATE_RESERVED,
} from "./constants";
import * as conns from "./conn";
import { Conn } from "./conn";
import { failureAt, freeFailure } from "./failure";
import { CAME, CANCELLED, GRANTED, Job, TAGGED, coldOf, jobAt } from "./job";
import * as journal from "./journal";
import { cool } from "./keys";
import { isExhausted, renewAttempts, tellOwed } from "./limits";
import { holderHears } from "./notes";
import { isParked, leaveGroup } from "./jobgroups";
import { bestOfAll, mightTake } from "./lanes";
import * as ready from "./ready";
import { Shard, jobs, setResult, shard } from "./shard";
import { charge } from "./shares";
import * as states from "./states";
import { sendsDead } from "./settings";
import * as table from "./table";
import { tagsOf } from "./tags";
import * as times from "./times";
import { Tube, tubeAt, tubeOfReadyNode } from "./tube";
import * as tree from "./tree";
import { want } from "./wants";

/*
 * Ids, and the numbers of tubes: shard 0's counters serve all shards. Atomic, because nobody holds
 * shard 0's lock for them.
 */

function idCounter(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("lastId");
}

function numberCounter(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("lastNumber");
}

/** The next number for the order in which tubes are made. */
export function nextNumber(): f64 {
  return <f64>(atomic.add<u64>(numberCounter(), 1) + 1);
}

/** The next job id; 0 when there is none left. */
export function nextId(): f64 {
  return takeIds(1);
}

/** The highest id given out. */
export function lastId(): f64 {
  return min(<f64>atomic.load<u64>(idCounter()), ID_MAX);
}

/**
 * Ids up to `id` count as given out. Tubes that a replay made are numbered by jobs (arranging.ts):
 * those to come are behind them.
 */
export function skipIds(id: u64): void {
  if (id > atomic.load<u64>(idCounter())) atomic.store<u64>(idCounter(), id);
  if (id >= atomic.load<u64>(numberCounter())) atomic.store<u64>(numberCounter(), id + 1);
}

/**
 * The first of `count` ids that are now the caller's; 0 when there are not so many left. The
 * counter goes on beyond the highest id then, and never comes round.
 */
export function takeIds(count: u32): f64 {
  const before = atomic.add<u64>(idCounter(), count);
  if (before + count <= <u64>ID_MAX) return <f64>(before + 1);
  giveBackIds(before + 1, before + count);
  return 0;
}

/** Takes the ids from `first` to `last` back if nobody took one since. */
export function giveBackIds(first: u64, last: u64): void {
  atomic.cmpxchg<u64>(idCounter(), last, first - 1);
}

/* Putting. */

/**
 * Makes a job of a record that holds its whole body; DONE, or BURIED when there is no memory for
 * its priority.
 */
export function admit(
  t: u32,
  job: Job,
  tubeAddress: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttr: u32,
  now: f64,
): i32 {
  const tube = tubeAt(tubeAddress);
  const micros = <i64>now; // cheaper than to u64
  states.joinTube(tube, job);
  job.minor = <u64>id;
  job.pri = pri;
  job.delaySeconds = 0;
  job.ttrSeconds = max<u32>(ttr, 1); // as beanstalkd: a job has at least a second
  job.createdMicros = micros;
  table.add(jobs(), job);
  tube.totalJobs++;
  shard().total++;
  // Recorded where it is going to stand, before anyone can get it: a grant must find the job's LSN.
  if (delay != 0) states.becomeDelayed(job, delay, micros);
  else if ((job.flags & TAGGED) == 0 || !states.park(job, micros)) job.state = STATE_READY;
  journal.recordPut(job);
  if ((job.flags & TAGGED) != 0) setHeard(t, job, job.lsn);
  else setResult(t, RESULT_LSN, <f64>job.lsn);
  return job.state != STATE_READY || states.becomeReady(job, micros) ? DONE : BURIED;
}

/* Reserving. */

/** Of so many jobs that were read back one asks for those behind it; a power of two. */
const AHEAD_EVERY: u32 = 128;

/**
 * Watch lists up to here are looked through; longer ones are matched against the ready tubes that
 * anybody watches, best first.
 */
const SHORT_WATCH_LIST: u32 = 8;

/** The watched tube with the best ready job of those that hand some out, or 0. */
export function bestTube(conn: Conn): u32 {
  return conn.watchCount <= SHORT_WATCH_LIST ? bestWatched(conn) : bestReady(conn);
}

/** As `bestTube`, but that job may be taken as far as one can tell by looking. */
export function bestOpen(conn: Conn): u32 {
  let at = bestTube(conn);
  while (at != 0 && !mightTake(jobAt(tubeAt(at).best))) at = bestTube(conn);
  return at;
}

function bestWatched(conn: Conn): u32 {
  let best: u32 = 0;
  let at = conn.watchHead;
  while (at != 0) {
    const watch = conns.watchAt(at);
    if (tubeAt(watch.tube).listed != 0 && (best == 0 || ready.betterTube(watch.tube, best)))
      best = watch.tube;
    at = watch.nextOfConn;
  }
  return best;
}

/**
 * Goes through the ready tubes in order until one is watched by `conn`; turns to the watch list
 * when many tubes stand before that only others watch. A step through the tree is dearer than one
 * through the list.
 */
function bestReady(conn: Conn): u32 {
  let steps = max<u32>(SHORT_WATCH_LIST, conn.watchCount >> 2);
  let at = tree.first(ready.readyTubesRoot());
  while (at != 0) {
    const tube = <u32>changetype<usize>(tubeOfReadyNode(at));
    if (conns.findWatch(conn, tube) != 0) return tube;
    if (--steps == 0) return bestWatched(conn);
    at = tree.next(at);
  }
  return 0;
}

/**
 * A job that was read back is reserved: now and then the bodies of those behind it are asked for,
 * too, before anybody comes to them.
 */
function readAhead(job: Job): void {
  if ((++shard().cameReserved & (AHEAD_EVERY - 1)) == 0) want(job.minor);
}

/** Gives a job that is ready to `conn`. */
export function reserve(job: Job, conn: Conn, now: f64): void {
  // The turn of another thread may have begun later and made the job ready: it is held from then.
  const micros = max(<i64>now, <i64>job.major); // cheaper than to u64
  if (job.away == CAME) readAhead(job);
  conn.collectedId = 0;
  times.queued(tubeAt(job.tube), job, job.major, micros);
  if (tubeAt(job.tube).settings != 0) charge(tubeAt(job.tube), job);
  states.leaveState(job);
  states.becomeReserved(job, conn, micros);
}

/**
 * Gives a delayed or buried job to `conn`. It is neither any more, also after a restart: whoever
 * had it, it is ready then.
 */
export function reserveJob(job: Job, conn: Conn, now: f64): void {
  conn.collectedId = 0;
  times.reservedOtherwise(tubeAt(job.tube), job, <u64>now);
  charge(tubeAt(job.tube), job);
  states.leaveState(job);
  states.becomeReserved(job, conn, <i64>now);
  journal.recordState(job);
}

/** Counts the reservation that a grant was, now that it is collected. */
export function countGrant(job: Job, conn: Conn, now: f64): void {
  const tube = tubeAt(job.tube);
  const isCounted = times.queued(tube, job, conn.grantedSince, <u64>now);
  conn.collectedId = isCounted ? job.minor : 0;
}

/**
 * Undoes a reservation of `conn`; when it is the grant that was just collected, as if it had never
 * been counted. Without a delay the job goes to its old place: nothing of that is in the journal.
 * DONE, or BURIED when there is no memory for its priority, or it is dead.
 */
export function handBack(job: Job, conn: Conn, delay: f64, now: f64): i32 {
  let since = <u64>now;
  if (conn.collectedId == job.minor) {
    since = conn.grantedSince;
    conn.collectedId = 0;
    times.unqueued(tubeAt(job.tube), since, times.reservedAt(job));
  }
  if ((job.flags & CANCELLED) != 0) return endCancelled(job, 0, now);
  if (delay == 0) {
    states.handBack(job, since, <u64>now);
    return buriedBy(job, <u64>now);
  }
  states.undo(job, <u64>now);
  coldOf(job); // hints tell of no job that has neither this nor a reservation
  states.becomeDelayed(job, delay, <u64>now);
  if (shard().keepsReleases != 0) journal.recordState(job);
  states.match(tubeAt(job.tube), <u64>now);
  return buriedBy(job, <u64>now);
}

/** What a command answers that may have buried the job: its reply waits for what that owes. */
function buriedBy(job: Job, now: u64): i32 {
  if (job.state != STATE_BURIED) return DONE;
  if ((job.flags & TAGGED) != 0) tellOwed(job, now);
  return BURIED;
}

/** The full TTR again, because its holder says so. */
export function touch(job: Job, conn: Conn, now: f64): void {
  tubeAt(job.tube).touches++;
  shard().touches++;
  renew(job, conn, now);
}

/** The full TTR again, because its holder says how far it is. */
export function renew(job: Job, conn: Conn, now: f64): void {
  conn.collectedId = 0;
  times.touched(job);
  conns.extend(job, conn, <u64>now);
}

/* What a holder does, and what may be done to any job that nobody holds. */

/** Whether `conn` (0 = no record here) may delete the job: it holds it, or nobody does. */
export function mayDelete(job: Job, conn: u32): bool {
  if (job.state == STATE_MOVING) return false;
  return job.state != STATE_RESERVED || states.isHeldBy(job, conn);
}

/** Deletes for its holder, or for anybody when nobody holds it. */
export function deleteJob(job: Job, now: f64): void {
  times.deleted(job, <i64>now);
  if ((job.flags & TAGGED) != 0) cool(job, <u64>now);
  if (isAwaited(job)) tellEnd(job, OUTCOME_DELETED);
  end(job, <u64>now);
}

/** Ends a job for good, whoever holds it. It is gone afterwards, its tube may be. */
export function end(job: Job, now: u64): void {
  remove(job);
  if ((tubeAt(job.tube).settings | shard().freedNames) != 0) states.match(tubeAt(job.tube), now);
  states.endJob(job);
}

/** As `end`, but the caller has yet to offer what is ready in the tube (`match`). */
export function discard(job: Job): void {
  if (isAwaited(job)) tellEnd(job, OUTCOME_DELETED);
  remove(job);
  states.endJob(job);
}

/** The job stands nowhere any more, and is no job after a restart. */
function remove(job: Job): void {
  states.leaveState(job);
  journal.recordDelete(job);
  if ((job.flags & TAGGED) != 0) leaveGroup(tagsOf(job));
  tubeAt(job.tube).deletes++;
  shard().deletes++;
}

/**
 * Cancels: a job that somebody holds is gone when that attempt ends, by whatever, after a restart
 * too; any other one, a grant that nobody collected included, at once. Returns whether it is gone.
 */
export function cancel(job: Job, now: f64): bool {
  if (job.state == STATE_RESERVED && (job.flags & GRANTED) == 0) {
    if ((job.flags & CANCELLED) == 0) {
      journal.recordDelete(job);
      job.lsn = shard().lsn;
      job.flags |= CANCELLED;
      holderHears(job);
    }
    return false;
  }
  if (isAwaited(job)) tellEnd(job, OUTCOME_CANCELLED);
  end(job, <u64>now);
  return true;
}

/** Ends the attempt at a job that was cancelled; what its holder said goes with it. */
function endCancelled(job: Job, failure: u32, now: f64): i32 {
  if (failure != 0) freeFailure(failureAt(failure));
  states.endCancelled(job, <u64>now);
  return DONE;
}

/**
 * Releases; DONE, or BURIED when there is no memory for the new priority, or the job is dead. A
 * reserved job comes back ready after a restart anyway; its new delay and priority belong to the
 * secondary tier, unless an option moved them to the primary. `failure` is what the holder said, 0
 * when nothing.
 */
export function release(job: Job, pri: u32, delay: f64, failure: u32, now: f64): i32 {
  times.processed(job, <i64>now);
  tubeAt(job.tube).releases++;
  shard().releases++;
  if ((job.flags & CANCELLED) != 0) return endCancelled(job, failure, now);
  endByCommand(job, END_RELEASED, failure, <u64>now);
  states.leaveState(job);
  states.countRelease(job);
  job.pri = pri;
  job.delaySeconds = 0;
  if (delay != 0) states.becomeDelayed(job, delay, <u64>now, true);
  else job.state = STATE_READY;
  if (shard().keepsReleases != 0) journal.recordState(job);
  if (delay == 0) states.becomeReady(job, <u64>now, true);
  else states.match(tubeAt(job.tube), <u64>now);
  return buriedBy(job, <u64>now);
}

/**
 * Buries. `failure` is what the holder said, 0 when nothing: in the journal it stands before the
 * burying.
 */
export function bury(job: Job, pri: u32, failure: u32, now: f64): void {
  times.processed(job, <i64>now);
  tubeAt(job.tube).buries++;
  shard().buries++;
  if ((job.flags & CANCELLED) != 0) {
    endCancelled(job, failure, now);
    return;
  }
  endByCommand(job, END_BURIED, failure, <u64>now);
  states.leaveState(job);
  states.countBury(job);
  job.pri = pri;
  if ((job.flags & TAGGED) != 0 && isExhausted(job)) {
    if (sendsDead(tubeAt(job.tube)) && isAwaited(job)) tellEnd(job, OUTCOME_DEAD);
    states.endLife(job);
  }
  states.becomeBuried(job);
  journal.recordState(job);
  states.match(tubeAt(job.tube), <u64>now);
}

/**
 * Makes a buried or delayed job ready, with all its attempts; false when memory, or the end of its
 * time, kept it from that.
 */
export function kickOne(job: Job, now: f64): bool {
  tubeAt(job.tube).kicks++;
  shard().kicks++;
  states.leaveState(job);
  states.countKick(job);
  if ((job.flags & TAGGED) != 0) renewAttempts(job);
  job.state = STATE_READY;
  journal.recordState(job);
  return states.becomeReady(job, <u64>now);
}

/**
 * Gives a job that nobody holds another priority and, unless that is NO_DELAY, another delay: with
 * 0 it is ready, or parked if it was delayed and has to wait for its group; with more delayed. A
 * buried one stays where it is. DONE, or BURIED when there is no memory for the priority.
 */
export function update(job: Job, pri: u32, delay: f64, now: f64): i32 {
  if (job.state == STATE_BURIED || (job.state == STATE_DELAYED && delay == NO_DELAY)) {
    job.pri = pri;
    journal.recordState(job, true);
    return DONE;
  }
  const micros = <u64>now;
  const wasReady = job.state == STATE_READY;
  const since = wasReady ? job.major : micros;
  states.leaveState(job);
  job.pri = pri;
  if (delay == 0) job.delaySeconds = 0;
  if (delay > 0) states.becomeDelayed(job, delay, micros);
  else if (wasReady || !states.park(job, micros)) job.state = STATE_READY;
  journal.recordState(job);
  if (job.state == STATE_READY) states.becomeReadySince(job, since, micros);
  return job.state == STATE_BURIED ? BURIED : DONE;
}

/** The job of the tube that is first in the order of its kind, or 0; no parked one. */
export function firstOfKind(tube: Tube, kind: i32): u32 {
  if (kind == KIND_READY) return bestOfAll(tube);
  if (kind == KIND_BURIED) return tube.buriedHead;
  const first = tree.first(states.delayedRoot(tube));
  return first != 0 && isParked(jobAt(first)) ? 0 : first;
}
