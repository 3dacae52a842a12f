/* Explaining: the engine's exports that tell why a job stands where it does, how many stand before
 * it, and which jobs hold a key. They only look.
 *
 * No structure of the shard knows the place of a job in its tube, or the holders of a key, because
 * that would cost every put and every reserve something. So both are looked for in pieces, each a
 * critical section that looks at about STEP_JOBS jobs, buckets or lanes, and the host goes on
 * between them (src/session/explaining.ts).
 *
 * Before a ready job stand the ready jobs of its tube at a smaller (pri, id): those in the order of
 * the tube (ready.ts), and those that only wait for the head of their lane (lanes.ts). What stands
 * aside for want of another key than its own is passed over, and so is not counted. In a tube with
 * fair order only those of its own key stand before it within one priority: what the others get
 * meanwhile changes with what is held (shares.ts).
 *
 *   part     goes through                                     by
 *   LOWER    the buckets of smaller priorities, by counts     pri
 *   LANES    the rests of the lanes that go on, and its own   lane, (pri, id)
 *   LATE     the late jobs of the bucket of its priority      id
 *   LINE     the list of that bucket                          id
 *   and both again for its share
 */
import {
  DONE,
  MORE,
  NOT_FOUND,
  NOT_SET,
  PLACE_CONN,
  PLACE_MAJOR,
  PLACE_MINOR,
  RESULT_BODY_BYTES,
  RESULT_COUNT,
  RESULT_LSN,
  RESULT_NAME_BYTES,
  RESULT_STATS,
  SCRATCH_OFFSET,
  SETTING_RATE,
  SETTING_RESERVED,
  STATE_DELAYED,
  STATE_MOVING,
  STATE_READY,
  STATE_RESERVED,
  STEP_JOBS,
} from "./constants";
import { Bucket, addressOfBucket, bucketAt, lateRoot } from "./bucket";
import { connAt, whoAt, whoBytes } from "./conn";
import { enterAt } from "./deadlines";
import * as L from "./layouts";
import { HeldWalk, beginPart, isOver, nextHeld } from "./holders";
import { ASIDE, CANCELLED, Job, LATE, jobAt, saidBy, stateOf } from "./job";
import { PARKED_UNTIL } from "./jobgroups";
import { Lane, firstBehind, hasKey, laneAt, laneOf, lanesRoot, standsAside } from "./lanes";
import { standsBefore } from "./lanes";
import { nameAt } from "./names";
import { opensAt } from "./pacing";
import { bucketsRoot } from "./ready";
import { settingsAt, valueOf } from "./settings";
import { leave, outputSlot, resultSlot, setResult } from "./shard";
import { keyOf, shareAt, shareFrom } from "./shares";
import { findJob } from "./states";
import { tagBytes, tagsOf, textOf } from "./tags";
import { SHUT_BY_PAUSE, SHUT_BY_RATE, SHUT_BY_RESERVED, Tube, nameOf, tubeAt } from "./tube";
import * as tree from "./tree";

/* The look at the job itself. */

function fact(t: u32, which: i32, value: f64): void {
  setResult(t, RESULT_STATS + which, value);
}

/**
 * What there is to say of the job and its tube: FACT_* of layouts.ts. To the output slot go the
 * name of the tube, RESULT_NAME_BYTES of it, RESULT_COUNT bytes of its tags, and RESULT_BODY_BYTES
 * of what its holder is called. DONE or NOT_FOUND.
 */
export function explainJob(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  tellState(t, job, now);
  tellTube(t, tubeAt(job.tube), now);
  tellTexts(t, job, tubeAt(job.tube));
  setResult(t, RESULT_LSN, <f64>saidBy(job));
  return leave(t, DONE);
}

function tellState(t: u32, job: Job, now: f64): void {
  const state = stateOf(job);
  const isTimed = state == STATE_RESERVED || state == STATE_DELAYED;
  fact(t, L.FACT_STATE, <f64>state);
  fact(t, L.FACT_PRI, <f64>job.pri);
  fact(t, L.FACT_SINCE, <f64>job.major);
  const isParked = state == STATE_DELAYED && job.major == PARKED_UNTIL;
  fact(t, L.FACT_LEFT_MICROS, isTimed && !isParked ? <f64>job.major - now : 0);
  fact(t, L.FACT_PARKED, isParked ? 1 : 0);
  fact(t, L.FACT_CANCELLED, (job.flags & CANCELLED) == 0 ? 0 : 1);
  fact(t, L.FACT_MOVING, job.state == STATE_MOVING ? 1 : 0);
  fact(t, L.FACT_KEY_SLOT, hasKey(job) ? <f64>nameAt(tagsOf(job).con).slot : 0);
}

/** FACT_* of a tube, in the thread's result area. */
export function tellTube(t: u32, tube: Tube, now: f64): void {
  const isPaused = (tube.shut & SHUT_BY_PAUSE) != 0;
  const isAtRate = (tube.shut & SHUT_BY_RATE) != 0;
  fact(t, L.FACT_PAUSED, isPaused ? 1 : 0);
  fact(t, L.FACT_PAUSE_LEFT_MICROS, isPaused ? <f64>tube.pausedUntil - now : 0);
  fact(t, L.FACT_AT_RATE, isAtRate ? 1 : 0);
  fact(t, L.FACT_RATE_LEFT_MICROS, isAtRate ? <f64>opensAt(tube) - now : 0);
  fact(t, L.FACT_AT_RESERVED, (tube.shut & SHUT_BY_RESERVED) == 0 ? 0 : 1);
  fact(t, L.FACT_RATE, settingOf(tube, SETTING_RATE));
  fact(t, L.FACT_RESERVED_MAX, settingOf(tube, SETTING_RESERVED));
  fact(t, L.FACT_RESERVED, <f64>tube.reserved);
  fact(t, L.FACT_WATCHING, <f64>tube.watching);
  fact(t, L.FACT_WAITING, <f64>tube.waiting);
}

function settingOf(tube: Tube, which: i32): f64 {
  return tube.settings == 0 ? NOT_SET : valueOf(settingsAt(tube.settings), which);
}

function tellTexts(t: u32, job: Job, tube: Tube): void {
  const to = outputSlot(t);
  const name = <u32>tube.nameBytes;
  memory.copy(to, nameOf(tube), name);
  setResult(t, RESULT_NAME_BYTES, <f64>name);
  const tags = tagBytes(job);
  if (tags != 0) memory.copy(to + name, textOf(tagsOf(job)), tags);
  setResult(t, RESULT_COUNT, <f64>tags);
  const isHeld = job.state == STATE_RESERVED;
  const who = isHeld ? whoBytes(connAt(job.holder)) : 0;
  if (who != 0) memory.copy(to + name + tags, whoAt(connAt(job.holder)), who);
  setResult(t, RESULT_BODY_BYTES, <f64>who);
}

/* Counting what stands before it. */

/** How far a count has come, in a thread's result area. */
@unmanaged
class Count {
  part: u32;
  /** Looks that this piece has taken. */
  looks: u32;
  /** What it has counted, and what is enough. */
  count: u32;
  most: u32;
  lane: u64;
  pri: u64;
  id: u64;
}

const LOWER: u32 = 0;
const LANES: u32 = 1;
/** And behind it the list of the same line; likewise below. */
const LATE_JOBS: u32 = 2;
const SHARE_LATE: u32 = 4;
const PARTS: u32 = 6;

/**
 * Counts ready jobs that stand before job `id`, which is ready `since`, going on from the place
 * that the last piece left (COUNT_*): RESULT_COUNT more of them, and it stops when there are `most`
 * or a few more. MORE when it goes on; DONE; NOT_FOUND when the job, or what the place was known
 * by, is not as it was: then the count begins again.
 */
export function countBefore(
  t: u32,
  id: f64,
  since: f64,
  part: u32,
  lane: f64,
  pri: f64,
  last: f64,
  most: u32,
  now: f64,
): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  if (job.state != STATE_READY || <f64>job.major != since) return leave(t, NOT_FOUND);
  const count = changetype<Count>(resultSlot(t) + SCRATCH_OFFSET);
  count.part = part;
  count.looks = 0;
  count.count = 0;
  count.most = most;
  count.lane = <u64>lane;
  count.pri = <u64>pri;
  count.id = <u64>last;
  while (count.part < PARTS && goesOn(count)) {
    if (!countPart(count, tubeAt(job.tube), job)) return leave(t, NOT_FOUND);
  }
  setResult(t, RESULT_COUNT, <f64>count.count);
  fact(t, L.COUNT_PART, <f64>count.part);
  fact(t, L.COUNT_LANE, <f64>count.lane);
  fact(t, L.COUNT_PRI, <f64>count.pri);
  fact(t, L.COUNT_ID, <f64>count.id);
  return leave(t, count.part == PARTS || count.count >= most ? DONE : MORE);
}

function goesOn(count: Count): bool {
  return count.looks < STEP_JOBS && count.count < count.most;
}

function endPart(count: Count): void {
  count.part++;
  count.lane = 0;
  count.pri = 0;
  count.id = 0;
}

/** False when the place is lost. */
function countPart(count: Count, tube: Tube, job: Job): bool {
  count.looks++; // a part with nothing in it is a look, too
  if (count.part == LOWER) countLower(count, tube, job);
  else if (count.part == LANES) countLanes(count, tube, job);
  else {
    const line = lineOf(count.part, tube, job);
    const isLate = count.part == LATE_JOBS || count.part == SHARE_LATE;
    if (line == 0) endPart(count);
    else if (isLate) countLate(count, bucketAt(line), job);
    else return countLine(count, bucketAt(line), job);
  }
  return true;
}

function countLower(count: Count, tube: Tube, job: Job): void {
  let at = tree.findFrom(bucketsRoot(tube), count.pri);
  while (at != 0 && bucketAt(at).major < <u64>job.pri) {
    if (!goesOn(count)) return;
    count.looks++;
    count.count += bucketAt(at).count;
    count.pri = bucketAt(at).major + 1;
    at = tree.next(at);
  }
  endPart(count);
}

function countLanes(count: Count, tube: Tube, job: Job): void {
  const at = tree.findFrom(lanesRoot(tube), count.lane);
  if (at == 0) {
    endPart(count);
    return;
  }
  const lane = laneAt(at);
  if (lane.major != count.lane) {
    count.lane = lane.major;
    count.pri = 0;
    count.id = 0;
  }
  const isPassedOver = standsAside(lane) && !(hasKey(job) && laneOf(job) == lane);
  if (isPassedOver || countRest(count, lane, tube, job)) count.lane++;
}

/** False when there is more to count in the lane. */
function countRest(count: Count, lane: Lane, tube: Tube, job: Job): bool {
  let at = firstBehind(lane, <u32>count.pri, count.id);
  while (at != 0 && standsBefore(jobAt(at), job.pri, job.minor)) {
    if (!goesOn(count)) return false;
    const other = jobAt(at);
    const isRival = tube.isFair != 0 && other.pri == job.pri && keyOf(other) != keyOf(job);
    count.looks++;
    if (!isRival) count.count++;
    count.pri = other.pri;
    count.id = other.minor;
    at = tree.next(at);
  }
  return true;
}

/** The line in which that part goes through jobs of the same priority; 0 when there is none. */
function lineOf(part: u32, tube: Tube, job: Job): u32 {
  if (part < SHARE_LATE) return tree.find(bucketsRoot(tube), job.pri);
  const key = <u64>keyOf(job);
  const at = shareFrom(tube, key, job.pri);
  if (at == 0 || shareAt(at).key != key || shareAt(at).pri != <u64>job.pri) return 0;
  return at;
}

function countLate(count: Count, line: Bucket, job: Job): void {
  let at = firstLate(line, count.id);
  while (at != 0 && jobAt(at).minor < job.minor) {
    if (!goesOn(count)) return;
    count.looks++;
    count.count++;
    count.id = jobAt(at).minor;
    at = tree.next(at);
  }
  endPart(count);
}

/** The first late job of the line with an id above `id`; 0 when there is none. */
function firstLate(line: Bucket, id: u64): u32 {
  let found: u32 = 0;
  let at = load<u32>(lateRoot(line));
  while (at != 0) {
    const isBehind = jobAt(at).minor > id;
    if (isBehind) found = at;
    at = isBehind ? jobAt(at).left : jobAt(at).right;
  }
  return found;
}

/** False when the job at which it was is not in the list any more. */
function countLine(count: Count, line: Bucket, job: Job): bool {
  let at = line.head;
  if (count.id != 0) {
    const last = findJob(count.id);
    if (last == 0 || !standsInList(jobAt(last), line)) return false;
    at = jobAt(last).left;
  }
  while (at != 0 && jobAt(at).minor < job.minor) {
    if (!goesOn(count)) return true;
    count.looks++;
    count.count++;
    count.id = jobAt(at).minor;
    at = jobAt(at).left;
  }
  endPart(count);
  return true;
}

function standsInList(job: Job, line: Bucket): bool {
  if (job.state != STATE_READY || (job.flags & (LATE | ASIDE)) != 0) return false;
  return job.holder == addressOfBucket(line);
}

/* Who holds a key. */

/**
 * Looks through a part of what is held here for jobs with the concurrency key of that slot, going
 * on from the place that the last part left (PLACE_*): zeros to begin with. To the output slot go
 * their ids, f64, RESULT_COUNT of them, `most` at most. MORE when it goes on, else DONE. It may
 * meet a job twice.
 */
export function keyHolders(
  t: u32,
  slot: u32,
  most: u32,
  conn: f64,
  major: f64,
  minor: f64,
  now: f64,
): i32 {
  enterAt(now);
  const walk = changetype<HeldWalk>(resultSlot(t) + SCRATCH_OFFSET);
  walk.conn = <u64>conn;
  walk.major = <u64>major;
  walk.minor = <u64>minor;
  beginPart(walk, STEP_JOBS);
  let count: u32 = 0;
  while (count < most) {
    const at = nextHeld(walk);
    if (at == 0) break;
    if (!hasKey(jobAt(at)) || nameAt(tagsOf(jobAt(at)).con).slot != slot) continue;
    store<f64>(outputSlot(t) + ((<usize>count) << 3), <f64>jobAt(at).minor);
    count++;
  }
  setResult(t, RESULT_COUNT, <f64>count);
  setResult(t, RESULT_STATS + PLACE_CONN, <f64>walk.conn);
  setResult(t, RESULT_STATS + PLACE_MAJOR, <f64>walk.major);
  setResult(t, RESULT_STATS + PLACE_MINOR, <f64>walk.minor);
  return leave(t, count == most || isOver(walk) ? DONE : MORE);
}
