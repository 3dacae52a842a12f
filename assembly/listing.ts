/* Listing: which jobs of a tube stand in one state, or are in a group or wait for it, in the order
 * of their ids; and which of a tube's reserved jobs has the lowest.
 *
 * No structure of the shard answers either question at once, because it would take room in every
 * job. So they are answered in pieces, each a critical section that looks at about STEP_JOBS jobs,
 * and the host goes on between them (src/session/listing.ts):
 *
 *   walk    through where the tube's jobs of that state stand, when they are few: all of them in
 *           one piece
 *   probe   the table of jobs, id after id: what to do where ids are dense
 *   scan    the table of jobs, class after class: what to do where they are not
 *
 * A class is the ids that leave the same remainder when divided by a power of two. A job never
 * changes its class, and the buckets of a class are known whatever size the table has by then, so a
 * scan meets each job that stays once, though the table grows or shrinks between its pieces. What a
 * piece finds are ids, ascending, in the output slot; `describeJobs` then says what is known about
 * them.
 */
import {
  DONE,
  LIST_CLASSES,
  LIST_LOOKS,
  LIST_STANDING,
  LIST_TABLE,
  MORE,
  NEVER_MICROS,
  NOT_FOUND,
  PLACE_CONN,
  PLACE_MAJOR,
  PLACE_MINOR,
  RESULT_COUNT,
  RESULT_ID,
  RESULT_LSN,
  RESULT_REF,
  RESULT_STATS,
  SCRATCH_OFFSET,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_READY,
  STATE_RESERVED,
  STEP_JOBS,
} from "./constants";
import { CONN_MINOR, connAt, heldRoot } from "./conn";
import { enterAt } from "./deadlines";
import { HeldWalk, beginPart, isOver, nextHeld } from "./holders";
import { Job, TAGGED, coldAt, jobAt, saidBy, show } from "./job";
import { isParked } from "./jobgroups";
import { laneAt, lanesRoot, restRoot } from "./lanes";
import { findGroup } from "./names";
import { nodeAt } from "./node";
import { Bucket, bucketAt, lateRoot } from "./bucket";
import { bucketsRoot } from "./ready";
import { shareOfAll, tubeSharesRoot } from "./shares";
import { inputSlot, jobs, leave, outputSlot, resultSlot, setResult } from "./shard";
import { delayedRoot, findJob } from "./states";
import { tagsOf } from "./tags";
import { Tube, findTube, tubeAt } from "./tube";
import * as table from "./table";
import * as timers from "./timers";
import * as tree from "./tree";
import * as L from "./layouts";

/**
 * What one piece keeps at hand; lies in the thread's result area, where a run would keep its own.
 */
@unmanaged
export class Piece {
  tube: u32;
  state: u32;
  /** The group whose jobs it looks for instead, 0 for none; and whether for those that wait. */
  group: u32;
  isWaiting: u32;
  /** Ids from here to there, both left out. */
  after: u64;
  before: u64;
  /** Where the ids found stand, ascending. */
  list: u32;
  /** How many ids were found. */
  count: u32;
  /** How many ids are kept at most. */
  most: u32;
  /** Jobs and buckets that were looked at. */
  looks: u32;
}

function pieceOf(t: u32): Piece {
  return changetype<Piece>(resultSlot(t) + SCRATCH_OFFSET);
}

/** A piece that keeps the `most` lowest ids between `after` and `before`. */
function beginPiece(t: u32, tube: u32, state: u32, after: f64, before: f64, most: u32): Piece {
  const piece = pieceOf(t);
  piece.tube = tube;
  piece.state = state;
  piece.group = 0;
  piece.isWaiting = 0;
  piece.after = <u64>after;
  piece.before = <u64>before;
  piece.list = <u32>outputSlot(t);
  piece.count = 0;
  piece.most = most;
  piece.looks = 0;
  return piece;
}

/**
 * Takes the lock and begins a piece of the tube whose name lies at `offset` of the input slot;
 * false when there is no such tube.
 */
function enterTube(
  t: u32,
  offset: u32,
  bytes: u32,
  state: u32,
  after: f64,
  before: f64,
  most: u32,
  now: f64,
): bool {
  enterAt(now);
  const tube = findTube(inputSlot(t) + offset, bytes);
  if (tube == 0) return false;
  beginPiece(t, tube, state, after, before, most);
  return true;
}

/** Returns what a piece found and what it took. */
function endPiece(t: u32, piece: Piece, code: i32): i32 {
  setResult(t, RESULT_COUNT, <f64>piece.count);
  setResult(t, RESULT_STATS + LIST_LOOKS, <f64>piece.looks);
  return leave(t, code);
}

/** Looks at a job and keeps it if it is asked for. */
function consider(piece: Piece, job: Job): void {
  piece.looks++;
  if (!isAskedFor(piece, job)) return;
  if (job.minor > piece.after && job.minor < piece.before) keepLowest(piece, <f64>job.minor);
}

function isAskedFor(piece: Piece, job: Job): bool {
  if (piece.group != 0) return isOfGroup(piece, job);
  return job.tube == piece.tube && <u32>job.state == piece.state;
}

function isOfGroup(piece: Piece, job: Job): bool {
  if ((job.flags & TAGGED) == 0) return false;
  const own = tagsOf(job);
  if (piece.isWaiting != 0) return own.aft == piece.group && isParked(job);
  return own.grp == piece.group && own.isMember != 0;
}

/** Puts an id into its place in the list; the highest goes when there are too many. */
function keepLowest(piece: Piece, id: f64): void {
  const list = <usize>piece.list;
  let low: u32 = 0;
  let high = piece.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<f64>(list + ((<usize>middle) << 3)) < id) low = middle + 1;
    else high = middle;
  }
  if (low == piece.most) return;
  piece.count = min(piece.count + 1, piece.most);
  const place = list + ((<usize>low) << 3);
  memory.copy(place + 8, place, (<usize>(piece.count - 1 - low)) << 3);
  store<f64>(place, id);
}

/* Walking. */

function jobsIn(tube: Tube, state: u32): u32 {
  if (state == STATE_READY) return tube.ready;
  if (state == STATE_RESERVED) return tube.reserved;
  return state == STATE_DELAYED ? tube.delayed : tube.buried;
}

function walkList(piece: Piece, head: u32): void {
  for (let at = head; at != 0; at = jobAt(at).left) consider(piece, jobAt(at));
}

function walkTree(piece: Piece, root: usize): void {
  for (let at = tree.first(root); at != 0; at = tree.next(at)) consider(piece, jobAt(at));
}

function walkLine(piece: Piece, line: Bucket): void {
  walkList(piece, line.head);
  walkTree(piece, lateRoot(line));
}

function walkReady(piece: Piece, tube: Tube): void {
  for (let at = tree.first(bucketsRoot(tube)); at != 0; at = tree.next(at)) {
    walkLine(piece, bucketAt(at));
  }
  for (let at = tree.first(tubeSharesRoot(tube)); at != 0; at = tree.next(at)) {
    walkLine(piece, shareOfAll(at));
  }
  for (let at = tree.first(lanesRoot(tube)); at != 0; at = tree.next(at)) {
    walkTree(piece, restRoot(laneAt(at)));
  }
}

/**
 * Goes through the connections that hold something, every one of which is among the timers; false
 * when they, or what they hold, are too many.
 */
function walkReserved(piece: Piece): bool {
  for (let at = timers.first(); at != 0; at = tree.next(at)) {
    if (++piece.looks > STEP_JOBS) return false;
    if (nodeAt(at).minor == CONN_MINOR && !walkHeld(piece, heldRoot(connAt(at)))) return false;
  }
  return true;
}

function walkHeld(piece: Piece, root: usize): bool {
  for (let at = tree.first(root); at != 0; at = tree.next(at)) {
    if (piece.looks > STEP_JOBS) return false;
    consider(piece, jobAt(at));
  }
  return true;
}

function walk(piece: Piece, tube: Tube): bool {
  if (jobsIn(tube, piece.state) > STEP_JOBS) return false;
  if (piece.state == STATE_READY) walkReady(piece, tube);
  else if (piece.state == STATE_DELAYED) walkTree(piece, delayedRoot(tube));
  else if (piece.state == STATE_BURIED) walkList(piece, tube.buriedHead);
  else if (tube.reserved != 0) return walkReserved(piece);
  return true;
}

/** What the table of jobs would take, for the host to choose by. */
function tellTable(t: u32, tube: Tube, state: u32): void {
  setResult(t, RESULT_STATS + LIST_STANDING, <f64>jobsIn(tube, state));
  setResult(t, RESULT_STATS + LIST_TABLE, <f64>table.heads(jobs()) + <f64>jobs().count);
  setResult(t, RESULT_STATS + LIST_CLASSES, <f64>(jobs().mask + 1));
}

/**
 * The jobs of the named tube in `state` with ids above `after`: the `most` lowest ids, RESULT_COUNT
 * of them, if they are few enough for one piece; MORE if not. LIST_STANDING, _TABLE and _CLASSES
 * say how many stand there and what looking in the table takes.
 */
export function listWalk(
  t: u32,
  offset: u32,
  bytes: u32,
  state: u32,
  after: f64,
  most: u32,
  now: f64,
): i32 {
  if (!enterTube(t, offset, bytes, state, after, NEVER_MICROS, most, now))
    return leave(t, NOT_FOUND);
  const piece = pieceOf(t);
  tellTable(t, tubeAt(piece.tube), state);
  return endPiece(t, piece, walk(piece, tubeAt(piece.tube)) ? DONE : MORE);
}

/* Probing and scanning. */

/**
 * Looks for the ids from `after` to `last`, the latter included, until `most` were found: then, or
 * at the end, DONE; RESULT_ID is the last one tried.
 */
export function listProbe(
  t: u32,
  offset: u32,
  bytes: u32,
  state: u32,
  after: f64,
  last: f64,
  most: u32,
  now: f64,
): i32 {
  if (!enterTube(t, offset, bytes, state, after, NEVER_MICROS, most, now))
    return leave(t, NOT_FOUND);
  const piece = pieceOf(t);
  const end = <u64>last;
  let id = <u64>after;
  while (id < end && piece.count < most && piece.looks < STEP_JOBS) {
    piece.looks++;
    const job = findJob(++id);
    if (job != 0) consider(piece, jobAt(job));
  }
  setResult(t, RESULT_ID, <f64>id);
  return endPiece(t, piece, id >= end || piece.count == most ? DONE : MORE);
}

/** Looks at all jobs of a class: of the ids with the same low bits, as many as `classes` has. */
function scanClass(piece: Piece, number: u32, classes: u32): void {
  const all = jobs();
  // A table that has become smaller has several classes in one bucket; in any other each class has
  // buckets of its own.
  const isShared = classes > all.mask + 1;
  let bucket = isShared ? table.bucketOf(all, number) : number;
  do {
    piece.looks++;
    scanBucket(piece, table.head(all, bucket), number, classes);
    bucket += classes;
  } while (!isShared && bucket < table.heads(all));
}

function scanBucket(piece: Piece, head: u32, number: u32, classes: u32): void {
  for (let at = head; at != 0; at = nodeAt(at).chain) {
    if ((<u32>nodeAt(at).minor & (classes - 1)) == number) consider(piece, jobAt(at));
    else piece.looks++;
  }
}

/** Looks at the classes from `number` on until it is enough for one piece; returns the next one. */
function scanFrom(piece: Piece, number: u32, classes: u32): u32 {
  while (number < classes && piece.looks < STEP_JOBS) scanClass(piece, number++, classes);
  return number;
}

/**
 * Looks for the `most` lowest ids between `after` and `before`, in the classes from `number` on, of
 * `classes`. RESULT_REF is the class to go on with; DONE when there is none.
 */
export function listScan(
  t: u32,
  offset: u32,
  bytes: u32,
  state: u32,
  after: f64,
  before: f64,
  most: u32,
  number: u32,
  classes: u32,
  now: f64,
): i32 {
  if (!enterTube(t, offset, bytes, state, after, before, most, now)) return leave(t, NOT_FOUND);
  const piece = pieceOf(t);
  const next = scanFrom(piece, number, classes);
  setResult(t, RESULT_REF, <f64>next);
  return endPiece(t, piece, next == classes ? DONE : MORE);
}

/**
 * Looks for jobs that are in the group whose name lies at `offset` of the input slot, or, if
 * `isWaiting`, wait for it: otherwise as listScan. With 0 `classes` it begins, and LIST_CLASSES
 * says how many there are.
 */
export function listGroup(
  t: u32,
  offset: u32,
  bytes: u32,
  isWaiting: u32,
  after: f64,
  before: f64,
  most: u32,
  number: u32,
  classes: u32,
  now: f64,
): i32 {
  enterAt(now);
  const group = findGroup(t, offset, bytes);
  const piece = beginPiece(t, 0, 0, after, before, most);
  piece.group = group;
  piece.isWaiting = isWaiting;
  const all = classes == 0 ? jobs().mask + 1 : classes;
  const next = group == 0 ? all : scanFrom(piece, number, all);
  setResult(t, RESULT_STATS + LIST_CLASSES, <f64>all);
  setResult(t, RESULT_REF, <f64>next);
  return endPiece(t, piece, next == all ? DONE : MORE);
}

/* Describing. */

/**
 * Describes those of `count` jobs, whose ids stand as f64 at `idsOffset` of the input slot, that
 * still stand in that state in that tube: entries of JOB_ENTRY_BYTES in the output slot,
 * RESULT_COUNT of them; at most as many as fit. RESULT_LSN is the position that all of them depend
 * on.
 */
export function describeJobs(
  t: u32,
  offset: u32,
  bytes: u32,
  state: u32,
  idsOffset: u32,
  count: u32,
  now: f64,
): i32 {
  enterAt(now);
  const tube = findTube(inputSlot(t) + offset, bytes);
  let lsn: u64 = 0;
  let entry = outputSlot(t);
  let written: u32 = 0;
  for (let i: u32 = 0; i < count && tube != 0; ++i) {
    const at = findJob(<u64>load<f64>(inputSlot(t) + idsOffset + ((<usize>i) << 3)));
    if (at == 0 || jobAt(at).tube != tube || <u32>jobAt(at).state != state) continue;
    writeEntry(entry, jobAt(at), now);
    lsn = max(lsn, saidBy(jobAt(at)));
    entry += L.JOB_ENTRY_BYTES;
    written++;
  }
  setResult(t, RESULT_COUNT, <f64>written);
  setResult(t, RESULT_LSN, <f64>lsn);
  return leave(t, DONE);
}

/** Writes an entry: JOB_ENTRY_* of layouts.ts. */
function writeEntry(entry: usize, job: Job, now: f64): void {
  const timed = job.state == STATE_RESERVED || job.state == STATE_DELAYED;
  const cold = coldAt(job.cold);
  const hasCold = job.cold != 0;
  store<f64>(entry, <f64>job.minor, L.JOB_ENTRY_ID);
  store<f64>(entry, now - <f64>job.createdMicros, L.JOB_ENTRY_AGE);
  const isEndless = isParked(job);
  store<f64>(entry, timed && !isEndless ? <f64>job.major - now : 0, L.JOB_ENTRY_LEFT);
  store<u32>(entry, job.pri, L.JOB_ENTRY_PRI);
  store<u32>(entry, job.delaySeconds, L.JOB_ENTRY_DELAY_SECONDS);
  store<u32>(entry, job.ttrSeconds, L.JOB_ENTRY_TTR_SECONDS);
  store<u32>(entry, job.bodyBytes, L.JOB_ENTRY_BODY_BYTES);
  store<u32>(entry, job.reserves, L.JOB_ENTRY_RESERVES);
  store<u32>(entry, hasCold ? cold.timeouts : 0, L.JOB_ENTRY_TIMEOUTS);
  store<u32>(entry, hasCold ? cold.releases : 0, L.JOB_ENTRY_RELEASES);
  store<u32>(entry, hasCold ? cold.buries : 0, L.JOB_ENTRY_BURIES);
  store<u32>(entry, hasCold ? cold.kicks : 0, L.JOB_ENTRY_KICKS);
  store<u32>(entry, hasCold ? cold.failures : 0, L.JOB_ENTRY_FAILURES);
}

/* The reserved job with the lowest id. */

/** How far a search for it has come. */
@unmanaged
export class ReservedPeek extends HeldWalk {
  /** The lowest id that was found, 0 for none. */
  lowest: u64;
}

/**
 * Looks through a part of what is held for the reserved job of `tube` with the lowest id, going on
 * from what was found: zeros to begin with. RESULT_ID is the lowest so far, 0 for none. MORE when
 * it goes on from PLACE_CONN, PLACE_MAJOR and PLACE_MINOR; DONE, and the job is shown; NOT_FOUND
 * when there was none, or it is not reserved any more.
 */
export function peekReserved(
  t: u32,
  tube: u32,
  lowest: f64,
  conn: f64,
  major: f64,
  minor: f64,
  now: f64,
): i32 {
  enterAt(now);
  const peek = changetype<ReservedPeek>(resultSlot(t) + SCRATCH_OFFSET);
  peek.lowest = <u64>lowest;
  peek.conn = <u64>conn;
  peek.major = <u64>major;
  peek.minor = <u64>minor;
  beginPart(peek, tubeAt(tube).reserved == 0 ? 0 : STEP_JOBS);
  for (let at = nextHeld(peek); at != 0; at = nextHeld(peek)) {
    const job = jobAt(at);
    if (job.tube == tube && job.minor - 1 < peek.lowest - 1) peek.lowest = job.minor; // 0 is none
  }
  setResult(t, RESULT_ID, <f64>peek.lowest);
  setResult(t, RESULT_STATS + PLACE_CONN, <f64>peek.conn);
  setResult(t, RESULT_STATS + PLACE_MAJOR, <f64>peek.major);
  setResult(t, RESULT_STATS + PLACE_MINOR, <f64>peek.minor);
  if (tubeAt(tube).reserved != 0 && !isOver(peek)) return leave(t, MORE);
  return leave(t, showReserved(t, tube, peek.lowest));
}

function showReserved(t: u32, tube: u32, id: u64): i32 {
  const at = id == 0 ? 0 : findJob(id);
  if (at == 0 || jobAt(at).tube != tube || jobAt(at).state != STATE_RESERVED) return NOT_FOUND;
  show(t, jobAt(at));
  return DONE;
}
