/* Verify: the engine and one more export, `verify`, that walks the whole shard and checks every
 * invariant. For tests only.
 *
 * Every job stands in exactly one place: what is found in buckets, trees and lists is found in the
 * table by its id, and there are as many there as here. Counters equal what they count, trees are
 * in order and shaped as their weights say, lists are linked both ways, nobody waits for a job that
 * may be taken, timers ring in time, a tube exists only while something refers to it, pages and
 * slots of the allocator are used or free and never both; once all records have been counted, each
 * segment's live bytes are those of the records that jobs and uploads need. What only the host
 * knows, a tube's users, uploads and connections, is taken as given: the slots that no walk reaches
 * are counted, so that the caller can compare (RESULT_COUNT).
 *
 * Unlike the engine, this module has globals and may only be used by one thread at a time.
 */
import { CODE_MASK, INLINE_BODY_MAX, NEVER_MICROS, PAGE_BYTES, RESULT_COUNT } from "./constants";
import { STATE_BURIED, STATE_DELAYED, STATE_READY, STATE_RESERVED } from "./constants";
import { RECORD_DELETE, SKIP_MARK, STATE_GONE, STATE_UPLOADING, URGENT_BELOW } from "./constants";
import { CONN_MINOR, Conn, Watch, connAt, findWatch, heldRoot, watchAt } from "./conn";
import { END_BURIED, END_CONNECTION_LOST } from "./constants";
import { BLOCK_BODY, BLOCK_HEADER, Chain, OF_FAILURE, OF_JOB, blockAt, isBlock } from "./chain";
import { Failure, failureAt, failureBytes, firstFailure, isChained } from "./failure";
import { addressOfFailure, messageChain } from "./failure";
import { CHAIN_BYTES, Cold, GRANTED, Job, LATE, addressOfJob, chainOf } from "./job";
import { RECORD_BYTES, TOUCHED, coldAddress, jobAt, readersOf } from "./job";
import { DeleteRecord, failureRecordBytes, partBytes, putBytes, STATE_BYTES } from "./journal";
import { BLOCKS, COLDS, FAILURES, FIXED, JOBS, PAGE_HEADER, Page } from "./memory";
import { firstPage, give, isOfKind, looseBytes, roundUp, take } from "./memory";
import { mayMove, move } from "./moving";
import { before, nodeAt } from "./node";
import { ENTRY_BYTES, PIECE_ENTRIES, PIECE_HEADER, Parts, partAt, partsAt, partsOf } from "./parts";
import { Bucket, bucketAt, bucketsRoot, headOf, lateRoot, readHead, readyTubesRoot } from "./ready";
import {
  CLASSES_MAX,
  LISTS,
  Shard,
  Table,
  enter,
  grantList,
  inputSlot,
  jobs,
  leave,
  listAt,
  ringBase,
} from "./shard";
import { segmentAt, segmentOf } from "./segments";
import { outputSlot, setResult, shard, sleepForLock, tubesByName, watches } from "./shard";
import { delayedRoot, findJob } from "./states";
import { isMarked, markFree } from "./sweep";
import { bucketOf, headAt, heads } from "./table";
import {
  HISTOGRAM_BYTES,
  TIMES_BYTES,
  reservedAt,
  reservesOf,
  shardReserves,
  shardTimes,
  timesIn,
} from "./times";
import * as tree from "./tree";
import { Tube, findTube, isPaused, nameOf, readyNode, tubeAt, tubeOfReadyNode } from "./tube";

export * from "./index";

/* What `verify` returns. Exported, so that a test can turn the number into the name. */
export const TREE_LINKS: i32 = 1;
export const TREE_WEIGHTS: i32 = 2;
export const TREE_ORDER: i32 = 3;
export const TABLE_BUCKET: i32 = 4;
export const TABLE_COUNT: i32 = 5;
export const TUBE_LIST: i32 = 6;
export const TUBE_NAME: i32 = 7;
export const TUBE_UNREFERRED: i32 = 8;
export const TUBE_TIMER: i32 = 9;
export const TUBE_BEST: i32 = 10;
export const TUBE_LISTED: i32 = 11;
export const TUBE_SPARE_BUCKET: i32 = 12;
export const TUBE_COUNTS: i32 = 13;
export const TUBE_READY_AND_WAITED_FOR: i32 = 14;
export const BUCKET_LIST: i32 = 15;
export const BUCKET_LATE: i32 = 16;
export const BUCKET_COUNT: i32 = 17;
export const BUCKET_CACHED: i32 = 18;
export const JOB_NOT_IN_TABLE: i32 = 19;
export const JOB_MISPLACED: i32 = 20;
export const JOB_BODY: i32 = 21;
export const DELAYED_TREE: i32 = 22;
export const BURIED_LIST: i32 = 23;
export const WAITER_LIST: i32 = 24;
export const WATCH_LIST: i32 = 25;
export const CONN_HELD: i32 = 26;
export const CONN_TIMER: i32 = 27;
export const CONN_GRANT: i32 = 28;
export const SHARD_COUNTS: i32 = 29;
export const SHARD_TIMERS: i32 = 30;
export const SHARD_NEXT_DUE: i32 = 31;
export const SHARD_WAKES: i32 = 32;
export const SHARD_READY_TUBES: i32 = 33;
export const SHARD_CURSOR: i32 = 34;
export const PAGES_COUNT: i32 = 35;
export const PAGES_FREE: i32 = 36;
export const PAGE_SLOTS: i32 = 37;
export const PAGE_LISTS: i32 = 38;
export const SLOT_MISPLACED: i32 = 39;
export const SLOT_COUNT: i32 = 40;
export const TUBE_TIMES: i32 = 41;
export const SHARD_TIMES: i32 = 42;
export const JOB_TOUCHED: i32 = 43;
export const PARTS_LIST: i32 = 44;
export const PARTS_OPEN: i32 = 45;
export const PARTS_RECORDED: i32 = 46;
export const SEGMENT_COUNTS: i32 = 47;
export const FAILURE_LIST: i32 = 48;
export const FAILURE_MESSAGE: i32 = 49;
export const TUBE_HEAD: i32 = 50;
export const COLD_OWNER: i32 = 51;
export const FAILURE_OWNER: i32 = 52;
export const CHAIN_LINKS: i32 = 53;
export const SLOT_BYTES: i32 = 54;
export const SWEEP_PLACE: i32 = 55;

/** The first invariant found broken. */
let broken: i32 = 0;
/** Whether slots are counted. */
let counting: bool = false;
/** Where they are counted: a byte for each page. */
let pageMarks: usize = 0;
/** Two bytes for each page: its live slots. */
let liveSlots: usize = 0;
/** What the walk over the tubes found. */
let urgent: u32 = 0;
let ready: u32 = 0;
let reserved: u32 = 0;
let delayed: u32 = 0;
let buried: u32 = 0;
let failures: u32 = 0;
let timedTubes: u32 = 0;
let listedTubes: u32 = 0;
let waiters: u32 = 0;
let otherReserves: u64 = 0;
/** What the walk over tables and lists of grants found. */
let heldJobs: u32 = 0;
let holderJobs: u32 = 0;
let grantedJobs: u32 = 0;
let watchesOfConns: u32 = 0;
let watchesWaiting: u32 = 0;

const MARK_FREE: u8 = 1;
const MARK_HEADS: u8 = 2;
/** Live slots are counted up to here: the counts fill an input slot. */
const PAGES_COUNTED: u32 = 32768;

function expect(held: bool, invariant: i32): void {
  if (!held && broken == 0) broken = invariant;
}

/** Nothing broken was found so far. */
function whole(): bool {
  return broken == 0;
}

/**
 * Walks the whole shard: 0, or the number of the first invariant found broken. `deep` takes in the
 * allocator: the input and output slots of thread `t` are overwritten, and RESULT_COUNT is how many
 * slots are in use that no walk reaches: one for each connection and one for its name, one for each
 * upload and each failure that is not a job's yet, and one for each block of theirs.
 */
export function verify(t: u32, deep: i32): i32 {
  enter();
  reset(t, deep != 0);
  if (counting) markPages();
  for (let at = shard().tubesHead, prev: u32 = 0; at != 0 && whole();) {
    checkTube(tubeAt(at), prev);
    prev = at;
    at = tubeAt(at).nextTube;
  }
  checkTubes();
  if (whole()) checkShardTimes();
  if (whole()) checkConns();
  if (whole()) checkOpenParts();
  if (whole()) checkGone();
  if (whole()) checkSpentParts();
  if (whole()) checkSegments();
  if (whole()) checkShard();
  if (whole() && counting) setResult(t, RESULT_COUNT, <f64>checkPages());
  return leave(t, broken) & CODE_MASK;
}

function reset(t: u32, deep: bool): void {
  const s = shard();
  broken = 0;
  counting = deep && s.topPage <= PAGES_COUNTED;
  pageMarks = outputSlot(t);
  liveSlots = inputSlot(t);
  urgent = ready = reserved = delayed = buried = failures = 0;
  timedTubes = listedTubes = waiters = 0;
  otherReserves = 0;
  heldJobs = holderJobs = grantedJobs = watchesOfConns = watchesWaiting = 0;
  expect((s.wakeLow | s.wakeHigh) == 0, SHARD_WAKES);
}

/* Moving. */

/**
 * Moves every piece of `kind`, 1 jobs to 4 blocks, that may be moved, wherever it lies: what the
 * sweep does with few. The slots of thread `t` are overwritten.
 */
export function shake(t: u32, kind: u32): i32 {
  enter();
  reset(t, true);
  markPages();
  const top = shard().topPage;
  for (let page = firstPage(); page < top && whole(); ++page) {
    if (load<u8>(pageMarks + page) != 0 || kindOf(pageAt(page)) != kind * CLASSES_MAX) continue;
    shakePage(pageAt(page));
  }
  return leave(t, broken) & CODE_MASK;
}

function shakePage(page: Page): void {
  const kind = kindOf(page);
  const size = <u32>page.slotBytes;
  const first = pageStart(page) + PAGE_HEADER;
  const end = pageStart(page) + page.bump;
  markFree(page, first, size);
  for (let i: u32 = 0, slot = first; slot < end; ++i, slot += size) {
    if (isMarked(i) || !mayMove(kind, slot)) continue;
    const to = take(kind, size, true);
    if (to == 0) return;
    move(kind, slot, to, size);
    give(slot);
  }
}

/* Trees. */

/** Checks the shape and the order of a tree; returns how many nodes it has. */
function checkTree(root: usize): u32 {
  return checkTreeBy(root, false);
}

/** As checkTree; `byMinor` for one that is in the order of the minors alone. */
function checkTreeBy(root: usize, byMinor: bool): u32 {
  const top = load<u32>(root);
  if (top == 0) return 0;
  expect(nodeAt(top).parent == 0, TREE_LINKS);
  const count = checkBelow(top);
  if (broken != 0) return 0;
  let n: u32 = 1;
  let at = tree.first(root);
  let following = tree.next(at);
  while (following != 0 && n <= count) {
    const isOrdered = byMinor
      ? nodeAt(at).minor < nodeAt(following).minor
      : !before(nodeAt(following), nodeAt(at));
    expect(isOrdered, TREE_ORDER);
    n++;
    at = following;
    following = tree.next(at);
  }
  expect(n == count, TREE_LINKS);
  return count;
}

/** Checks the links and weights below a node; returns how many nodes there are, itself included. */
function checkBelow(at: u32): u32 {
  return 1 + checkChild(at, nodeAt(at).left) + checkChild(at, nodeAt(at).right);
}

function checkChild(parent: u32, child: u32): u32 {
  if (child == 0 || broken != 0) return 0;
  expect(nodeAt(child).parent == parent, TREE_LINKS);
  expect(tree.weight(child) < tree.weight(parent), TREE_WEIGHTS);
  return whole() ? checkBelow(child) : 0;
}

function stands(at: u32, root: usize): bool {
  let left = 4096;
  while (nodeAt(at).parent != 0 && --left > 0) at = nodeAt(at).parent;
  return load<u32>(root) == at;
}

/* Tubes. */

function checkTube(tube: Tube, prev: u32): void {
  const at = <u32>changetype<usize>(tube);
  live(FIXED, at, offsetof<Tube>() + tube.nameBytes);
  expect(tube.prevTube == prev, TUBE_LIST);
  expect(prev == 0 || tubeAt(prev).createdNumber < tube.createdNumber, TUBE_LIST);
  expect(findTube(nameOf(tube), tube.nameBytes) == at, TUBE_NAME);
  const here = tube.ready + tube.reserved + tube.delayed + tube.buried;
  expect(here + tube.using + tube.watching + tube.pinned != 0, TUBE_UNREFERRED);
  checkBuckets(tube);
  checkBest(tube);
  checkDelayed(tube);
  checkBuried(tube);
  checkWaiters(tube);
  checkTimes(tube);
  reserved += tube.reserved;
  timedTubes += tube.timed;
  listedTubes += tube.listed;
}

function checkBuckets(tube: Tube): void {
  const root = bucketsRoot(tube);
  let tubeReady: u32 = 0;
  let tubeUrgent: u32 = 0;
  let lastSeen = tube.lastBucket == 0;
  checkTree(root);
  for (let at = tree.first(root); at != 0 && whole(); at = tree.next(at)) {
    const bucket = bucketAt(at);
    live(FIXED, at, offsetof<Bucket>());
    const count = checkBucket(tube, bucket);
    tubeReady += count;
    if (bucket.major < <u64>URGENT_BELOW) tubeUrgent += count;
    if (tube.lastBucket == at) lastSeen = true;
    const following = tree.next(at);
    expect(following == 0 || nodeAt(following).major > bucket.major, TREE_ORDER);
    expect(at != tube.spareBucket, TUBE_SPARE_BUCKET);
  }
  if (tube.spareBucket != 0) live(FIXED, tube.spareBucket, offsetof<Bucket>());
  const promised = tube.using + tube.watching + tube.reserved + tube.delayed + tube.buried != 0;
  expect(!promised || (tube.buckets | tube.spareBucket) != 0, TUBE_SPARE_BUCKET);
  expect(tube.firstBucket == tree.first(root) && lastSeen, BUCKET_CACHED);
  expect(tubeReady == tube.ready && tubeUrgent == tube.urgent, TUBE_COUNTS);
  ready += tubeReady;
  urgent += tubeUrgent;
}

/** Checks a bucket's list and tree; returns how many jobs it has. */
function checkBucket(tube: Tube, bucket: Bucket): u32 {
  let count: u32 = 0;
  let prev: u32 = 0;
  for (let at = bucket.head; at != 0 && whole(); at = jobAt(at).left) {
    expect(jobAt(at).right == prev, BUCKET_LIST);
    expect(prev == 0 || jobAt(prev).minor < jobAt(at).minor, BUCKET_LIST);
    expect((jobAt(at).flags & LATE) == 0, BUCKET_LATE);
    checkReady(tube, bucket, jobAt(at));
    prev = at;
    count++;
  }
  expect(bucket.tail == prev, BUCKET_LIST);
  checkTreeBy(lateRoot(bucket), true);
  for (let at = tree.first(lateRoot(bucket)); at != 0 && whole(); at = tree.next(at)) {
    expect((jobAt(at).flags & LATE) != 0, BUCKET_LATE);
    checkReady(tube, bucket, jobAt(at));
    count++;
  }
  expect(count == bucket.count && count != 0, BUCKET_COUNT);
  return count;
}

function checkReady(tube: Tube, bucket: Bucket, job: Job): void {
  checkJob(tube, job, STATE_READY);
  expect(job.holder == <u32>changetype<usize>(bucket), JOB_MISPLACED);
  expect(<u64>job.pri == bucket.major, JOB_MISPLACED);
}

/** Checks what holds for a job of `tube` in every state. */
function checkJob(tube: Tube, job: Job, state: u8): void {
  const at = <u32>changetype<usize>(job);
  expect(job.state == state && job.tube == <u32>changetype<usize>(tube), JOB_MISPLACED);
  expect(state == STATE_RESERVED || (job.flags & GRANTED) == 0, CONN_GRANT);
  expect(findJob(job.minor) == at, JOB_NOT_IN_TABLE);
  if (job.cold != 0) {
    live(COLDS, job.cold, offsetof<Cold>());
    expect(coldAddress(job.cold).job == at, COLD_OWNER);
    checkFailures(coldAddress(job.cold));
  }
  if ((job.flags & TOUCHED) != 0) checkTouched(job);
  const inline = job.bodyBytes <= INLINE_BODY_MAX;
  live(JOBS, at, RECORD_BYTES + (inline ? job.bodyBytes : CHAIN_BYTES));
  if (!inline && whole()) checkBody(job);
}

/** Only a held job's deadline is ever moved, and only ahead. */
function checkTouched(job: Job): void {
  expect(job.state == STATE_RESERVED && job.cold != 0, JOB_TOUCHED);
  expect(whole() && coldAddress(job.cold).reservedMicros <= reservedAt(job), JOB_TOUCHED);
}

/**
 * Checks a job's failures: ascending numbers, none above what was counted, no more than are kept,
 * the youngest known.
 */
function checkFailures(cold: Cold): void {
  let count: u32 = 0;
  let last: u32 = 0;
  for (let at = cold.failureHead; at != 0 && whole(); at = failureAt(at).next) {
    const failure = failureAt(at);
    const number = failure.number;
    expect(number <= cold.failures, FAILURE_LIST);
    expect(number > (last == 0 ? 0 : failureAt(last).number), FAILURE_LIST);
    expect(failure.end >= END_BURIED && failure.end <= END_CONNECTION_LOST, FAILURE_LIST);
    expect(failure.lsn != 0, FAILURE_LIST);
    live(FAILURES, at, failureBytes(failure));
    expect(failure.owner == <u32>changetype<usize>(cold), FAILURE_OWNER);
    checkMessage(failure);
    last = at;
    count++;
  }
  expect(cold.failureTail == last && cold.failuresKept == count, FAILURE_LIST);
  expect(count <= shard().keepsFailures, FAILURE_LIST);
  failures += count;
}

/** Checks a long message. */
function checkMessage(failure: Failure): void {
  expect(failure.hasMessage != 0 || failure.bytes == 0, FAILURE_MESSAGE);
  if (!isChained(failure)) return;
  const mark = addressOfFailure(failure) | OF_FAILURE;
  checkChain(messageChain(failure), mark, failure.bytes, FAILURE_MESSAGE);
}

/** Checks a long body and the list of its parts. */
function checkBody(job: Job): void {
  checkChain(chainOf(job), addressOfJob(job) | OF_JOB, job.bodyBytes, JOB_BODY);
  if (partsOf(job) == 0 || broken != 0) return;
  const list = partsAt(partsOf(job));
  checkList(list);
  expect(list.job == <u32>changetype<usize>(job) && list.missing == 0, PARTS_LIST);
}

/** Checks a chain: as many blocks as `bytes` take, linked both ways, both ends known. */
function checkChain(chain: Chain, mark: u32, bytes: u32, invariant: i32): void {
  let left = bytes;
  let last: u32 = 0;
  let at = chain.first;
  for (; isBlock(at) && whole(); at = blockAt(at).next) {
    expect(left > 0, invariant);
    expect(blockAt(at).previous == (last == 0 ? mark : last), CHAIN_LINKS);
    const share = min(left, BLOCK_BODY);
    live(BLOCKS, at, BLOCK_HEADER + share);
    left -= share;
    last = at;
  }
  expect(left == 0 && chain.last == last, invariant);
  expect(at == mark, CHAIN_LINKS);
}

/* Bodies in parts. */

/** Checks a list of parts: those that are recorded stand in front of those that are missing. */
function checkList(list: Parts): void {
  live(FIXED, <u32>changetype<usize>(list), offsetof<Parts>());
  expect(list.partBytes != 0 && list.bodyBytes > INLINE_BODY_MAX, PARTS_LIST);
  if (broken != 0) return;
  expect(list.count == (list.bodyBytes - 1) / list.partBytes + 1, PARTS_LIST);
  let left = list.count;
  for (let at = list.pieces; at != 0 && whole(); at = load<u32>(at)) {
    const entries = min<u32>(left, PIECE_ENTRIES);
    expect(entries != 0, PARTS_LIST);
    live(FIXED, at, PIECE_HEADER + entries * ENTRY_BYTES);
    left -= entries;
  }
  expect(left == 0, PARTS_LIST);
  for (let index: u32 = 0; index < list.count && whole(); ++index) {
    const part = partAt(list, index);
    expect((part.lsn != 0) == index < list.count - list.missing, PARTS_RECORDED);
    expect(part.lsn <= shard().lsn && part.found == 0, PARTS_RECORDED);
  }
}

/** The lists of uploads. */
function checkOpenParts(): void {
  let prev: u32 = 0;
  for (let at = shard().openParts; at != 0 && whole(); at = partsAt(at).next) {
    const list = partsAt(at);
    checkList(list);
    expect(list.prev == prev && jobAt(list.job).state == STATE_UPLOADING, PARTS_OPEN);
    expect(partsOf(jobAt(list.job)) == at && findJob(jobAt(list.job).minor) == 0, PARTS_OPEN);
    prev = at;
  }
}

/**
 * The lists of bodies that went: in DELETE records that have not been counted, and those that are
 * to be freed.
 */
function checkSpentParts(): void {
  const s = shard();
  for (let at = s.spentParts; at != 0 && whole(); at = partsAt(at).next) checkList(partsAt(at));
  let position = s.ringTail;
  while (position < s.ringHead && whole()) {
    const record = changetype<DeleteRecord>(ringBase() + <usize>(position % s.ringBytes));
    const isSkip = (record.bytes & SKIP_MARK) != 0;
    if (!isSkip && record.kind == RECORD_DELETE && record.bodyBytes != 0) {
      checkList(partsAt(record.bodyBytes));
    }
    position += record.bytes & ~SKIP_MARK;
  }
}

/* The journal's segments. */

/**
 * Once all records have been counted, what counts as live in each segment is what jobs and uploads
 * have there.
 */
function checkSegments(): void {
  const s = shard();
  if (s.ringBytes == 0 || s.segments == 0 || s.ringHead != s.ringTail) return;
  eachRecord(-1);
  for (let index: u32 = 0; index < s.segments; ++index) {
    expect(segmentAt(index).liveBytes == 0, SEGMENT_COUNTS);
  }
  eachRecord(1);
}

/** Adds `sign` times the bytes of each record that is needed to its segment's count. */
function eachRecord(sign: f64): void {
  const n = heads(jobs());
  for (let b = filled(jobs(), 0); b < n; b = filled(jobs(), b + 1)) {
    for (let at = load<u32>(headAt(jobs(), b)); at != 0; at = jobAt(at).chain) {
      const job = jobAt(at);
      segmentOf(job.lsn).liveBytes += sign * <f64>putBytes(job);
      const state = job.cold == 0 ? 0 : coldAddress(job.cold).stateLsn;
      if (state != 0) segmentOf(state).liveBytes += sign * <f64>STATE_BYTES;
      for (let own = firstFailure(job); own != 0; own = failureAt(own).next) {
        const failure = failureAt(own);
        segmentOf(failure.lsn).liveBytes += sign * <f64>failureRecordBytes(failure);
      }
      if (partsOf(job) != 0) eachPart(partsAt(partsOf(job)), sign);
    }
  }
  for (let at = shard().openParts; at != 0; at = partsAt(at).next) eachPart(partsAt(at), sign);
}

function eachPart(list: Parts, sign: f64): void {
  for (let index: u32 = 0; index < list.count; ++index) {
    const lsn = partAt(list, index).lsn;
    if (lsn != 0) segmentOf(lsn).liveBytes += sign * <f64>partBytes(list, index);
  }
}

/** The tube's best job and its place among the ready tubes. */
function checkBest(tube: Tube): void {
  let best: u32 = 0;
  if (tube.firstBucket != 0) {
    const bucket = bucketAt(tube.firstBucket);
    const late = tree.first(lateRoot(bucket));
    best = bucket.head;
    if (best == 0 || (late != 0 && jobAt(late).minor < jobAt(best).minor)) best = late;
  }
  expect(tube.best == best, TUBE_BEST);
  const takeable = best != 0 && !isPaused(tube);
  expect((takeable && tube.watching != 0) == (tube.listed != 0), TUBE_LISTED);
  expect(!takeable || tube.waitHead == 0, TUBE_READY_AND_WAITED_FOR);
  const head = tube.listed == 0 ? 0 : headOf(tube.readyPri, tube.readyId);
  expect(readHead(tube) == head, TUBE_HEAD);
  if (tube.listed == 0 || broken != 0) return;
  expect(tube.readyPri == <u64>jobAt(best).pri && tube.readyId == jobAt(best).minor, TUBE_LISTED);
  const node = <u32>changetype<usize>(readyNode(tube));
  expect(stands(node, readyTubesRoot()), TUBE_LISTED);
}

function checkDelayed(tube: Tube): void {
  const root = delayedRoot(tube);
  const count = checkTree(root);
  for (let at = tree.first(root); at != 0 && whole(); at = tree.next(at)) {
    checkJob(tube, jobAt(at), STATE_DELAYED);
    expect(jobAt(at).holder == 0, DELAYED_TREE);
  }
  expect(count == tube.delayed, TUBE_COUNTS);
  delayed += count;
  const first = tree.first(root);
  if (first != 0) expect(tube.timed != 0 && tube.major <= nodeAt(first).major, TUBE_TIMER);
  if (isPaused(tube)) expect(tube.timed != 0 && tube.major <= tube.pausedUntil, TUBE_TIMER);
  if (tube.timed != 0) expect(stands(<u32>changetype<usize>(tube), timersRoot()), TUBE_TIMER);
}

function checkBuried(tube: Tube): void {
  let count: u32 = 0;
  let prev: u32 = 0;
  for (let at = tube.buriedHead; at != 0 && whole(); at = jobAt(at).left) {
    checkJob(tube, jobAt(at), STATE_BURIED);
    expect(jobAt(at).right == prev && jobAt(at).holder == 0, BURIED_LIST);
    prev = at;
    count++;
  }
  expect(tube.buriedTail == prev, BURIED_LIST);
  expect(count == tube.buried, TUBE_COUNTS);
  buried += count;
}

function checkWaiters(tube: Tube): void {
  let count: u32 = 0;
  let prev: u32 = 0;
  for (let at = tube.waitHead; at != 0 && whole(); at = watchAt(at).nextWaiter) {
    const watch = watchAt(at);
    expect(watch.prevWaiter == prev, WAITER_LIST);
    expect(watch.tube == <u32>changetype<usize>(tube), WAITER_LIST);
    expect(connAt(watch.conn).waiting != 0, WAITER_LIST);
    prev = at;
    count++;
  }
  expect(tube.waitTail == prev, WAITER_LIST);
  expect(count == tube.waiting, TUBE_COUNTS);
  waiters += count;
}

/**
 * Each time that was counted belongs to a reservation that was, and in the shard's histograms there
 * is no less than in the tubes'.
 */
function checkTimes(tube: Tube): void {
  expect(tube.earlierJobs <= tube.totalJobs && tube.earlierDeletes <= tube.deletes, TUBE_COUNTS);
  otherReserves += tube.otherReserves;
  if (tube.times == 0) return;
  live(FIXED, tube.times, TIMES_BYTES);
  expect(timesIn(tube.times + HISTOGRAM_BYTES) <= reservesOf(tube), TUBE_TIMES);
}

/** The tubes that are gone are only in the shard's. */
function checkShardTimes(): void {
  for (let i: usize = 0; i < TIMES_BYTES; i += 8) {
    let sum: u64 = 0;
    for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
      if (tubeAt(at).times != 0) sum += load<u64>(<usize>tubeAt(at).times + i);
    }
    expect(sum <= load<u64>(shardTimes() + i), SHARD_TIMES);
  }
  expect(otherReserves <= shard().otherReserves, SHARD_TIMES);
  expect(timesIn(shardTimes() + HISTOGRAM_BYTES) <= shardReserves(), SHARD_TIMES);
}

/** What holds for all tubes together, and for the tubes among the ready ones. */
function checkTubes(): void {
  const s = shard();
  let tubes: u32 = 0;
  let last: u32 = 0;
  for (let at = s.tubesHead; at != 0 && whole(); at = tubeAt(at).nextTube) {
    tubes++;
    last = at;
  }
  expect(s.tubes == tubes && s.tubesTail == last, TUBE_LIST);
  expect(tubesByName().count == tubes, TABLE_COUNT);
  if (broken != 0) return;
  expect(checkTree(readyTubesRoot()) == listedTubes, SHARD_READY_TUBES);
  let at = tree.first(readyTubesRoot());
  while (at != 0 && whole()) {
    expect(tubeOfReadyNode(at).listed == 1, SHARD_READY_TUBES);
    at = tree.next(at);
  }
}

/* Connections, found by the jobs that they hold, by what they watch and by their grants. */

/**
 * Goes through the tables. Each held job and each watch is taken off its tube's counter, all
 * counters must then be 0, and they are put back: so the walk needs no memory for sums of its own.
 */
function checkConns(): void {
  checkTable(jobs());
  checkTable(watches());
  checkTable(tubesByName());
  if (broken != 0) return;
  eachJob(-1);
  eachWatch(-1);
  for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
    expect(tubeAt(at).reserved == 0 && tubeAt(at).watching == 0, TUBE_COUNTS);
  }
  eachJob(1);
  eachWatch(1);
  expect(heldJobs == holderJobs && heldJobs == reserved, CONN_HELD);
  expect(watchesOfConns == watches().count, WATCH_LIST);
  expect(watchesWaiting == waiters, WAITER_LIST);
  checkGrants();
}

/**
 * The first bucket from `b` on that has an entry, or the number of buckets. Most are empty: looks
 * at 16 at once.
 */
function filled(table: Table, b: u32): u32 {
  const n = heads(table);
  while (b < n) {
    const head = headAt(table, b);
    if ((b & 15) != 0 || b + 16 > n) {
      if (load<u32>(head) != 0) return b;
      b++;
      continue;
    }
    let any: u64 = 0;
    for (let i: usize = 0; i < 64; i += 8) any |= load<u64>(head + i);
    if (any == 0) {
      b += 16;
    } else {
      while (load<u32>(headAt(table, b)) == 0) b++;
      return b;
    }
  }
  return n;
}

/**
 * Every entry stands in the bucket of its hash, there are as many as the table says, and no more of
 * them than heads.
 */
function checkTable(table: Table): void {
  const n = heads(table);
  let count: u32 = 0;
  for (let b = filled(table, 0); b < n && whole(); b = filled(table, b + 1)) {
    let at = load<u32>(headAt(table, b));
    while (at != 0 && whole()) {
      expect(bucketOf(table, <u32>nodeAt(at).minor) == b, TABLE_BUCKET);
      expect(++count <= table.count, TABLE_COUNT);
      at = nodeAt(at).chain;
    }
  }
  expect(count == table.count, TABLE_COUNT);
  expect(count <= n, TABLE_COUNT);
}

/** Adds `sign` for each held job to its tube's counter; checks the jobs when taking off. */
function eachJob(sign: i32): void {
  const n = heads(jobs());
  for (let b = filled(jobs(), 0); b < n && whole(); b = filled(jobs(), b + 1)) {
    let at = load<u32>(headAt(jobs(), b));
    for (; at != 0 && whole(); at = jobAt(at).chain) {
      const job = jobAt(at);
      expect(job.state - 1 < STATE_BURIED, JOB_MISPLACED);
      if (job.state != STATE_RESERVED) continue;
      tubeAt(job.tube).reserved += sign;
      if (sign < 0) checkHeld(job);
    }
  }
}

function checkHeld(job: Job): void {
  const at = <u32>changetype<usize>(job);
  const conn = connAt(job.holder);
  checkJob(tubeAt(job.tube), job, STATE_RESERVED);
  heldJobs++;
  expect(stands(at, heldRoot(conn)), CONN_HELD);
  if (whole() && tree.first(heldRoot(conn)) == at) checkHolder(conn);
  if ((job.flags & GRANTED) == 0) return;
  grantedJobs++;
  expect(conn.granted == at && conn.calling != 0, CONN_GRANT);
}

/** Checks a connection that holds jobs: once for each, when its first job comes by. */
function checkHolder(conn: Conn): void {
  const first = tree.first(heldRoot(conn));
  const count = checkTree(heldRoot(conn));
  expect(count == conn.heldCount, CONN_HELD);
  holderJobs += count;
  expect(conn.timed != 0 && conn.major <= nodeAt(first).major, CONN_TIMER);
  checkConn(conn);
}

/** What holds for every connection. */
function checkConn(conn: Conn): void {
  const at = <u32>changetype<usize>(conn);
  expect(conn.minor == CONN_MINOR && conn.thread < shard().threads, CONN_HELD);
  expect(conn.held != 0 || conn.heldCount == 0, CONN_HELD);
  expect(conn.waiting == 0 || conn.granted == 0, CONN_GRANT);
  expect(conn.granted == 0 || conn.calling != 0, CONN_GRANT);
  if (conn.timed != 0) expect(stands(at, timersRoot()), CONN_TIMER);
  if (conn.calling == 0) return;
  const from = conn.prevGrant;
  const link = from == 0 ? load<u32>(grantList(conn.thread)) : connAt(from).nextGrant;
  expect(link == at, CONN_GRANT);
}

/** Adds `sign` for each watch to its tube's counter; checks the watches when taking off. */
function eachWatch(sign: i32): void {
  const n = heads(watches());
  for (let b = filled(watches(), 0); b < n && whole(); b = filled(watches(), b + 1)) {
    let at = load<u32>(headAt(watches(), b));
    for (; at != 0 && whole(); at = watchAt(at).chain) {
      tubeAt(watchAt(at).tube).watching += sign;
      if (sign < 0) checkWatch(watchAt(at));
    }
  }
}

function checkWatch(watch: Watch): void {
  const at = <u32>changetype<usize>(watch);
  const conn = connAt(watch.conn);
  live(FIXED, at, offsetof<Watch>());
  expect(findWatch(conn, watch.tube) == at, WATCH_LIST);
  if (conn.waiting != 0) watchesWaiting++;
  if (conn.watchHead != at) return;
  checkConn(conn);
  let count: u32 = 0;
  let prev: u32 = 0;
  for (let own = conn.watchHead; own != 0 && whole(); own = watchAt(own).nextOfConn) {
    expect(watchAt(own).conn == watch.conn && watchAt(own).prevOfConn == prev, WATCH_LIST);
    prev = own;
    count++;
  }
  expect(count == conn.watchCount, WATCH_LIST);
  watchesOfConns += count;
}

/** Every thread's list of connections that have a grant to collect. */
function checkGrants(): void {
  let uncollected: u32 = 0;
  for (let thread: u32 = 0; thread < shard().threads; ++thread) {
    let prev: u32 = 0;
    for (let at = load<u32>(grantList(thread)); at != 0 && whole();) {
      const conn = connAt(at);
      expect(conn.calling == 1 && conn.thread == thread && conn.prevGrant == prev, CONN_GRANT);
      checkConn(conn);
      if (conn.granted != 0 && whole()) {
        uncollected++;
        const job = jobAt(conn.granted);
        expect(job.state == STATE_RESERVED && job.holder == at, CONN_GRANT);
        expect((job.flags & GRANTED) != 0, CONN_GRANT);
      }
      prev = at;
      at = conn.nextGrant;
    }
  }
  expect(uncollected == grantedJobs, CONN_GRANT);
}

/** Bodies of jobs that are gone: each is read by somebody. */
function checkGone(): void {
  let prev: u32 = 0;
  for (let at = shard().gone; at != 0 && whole(); at = jobAt(at).left) {
    const job = jobAt(at);
    expect(job.state == STATE_GONE && job.right == prev && readersOf(job) > 0, JOB_MISPLACED);
    expect(findJob(job.minor) == 0 && job.cold == 0, JOB_MISPLACED);
    live(JOBS, at, RECORD_BYTES + CHAIN_BYTES);
    checkBody(job);
    prev = at;
  }
}

/* The shard. */

function timersRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("timers");
}

function checkShard(): void {
  const s = shard();
  expect(s.urgent == urgent && s.ready == ready && s.reserved == reserved, SHARD_COUNTS);
  expect(s.delayed == delayed && s.buried == buried, SHARD_COUNTS);
  expect(s.failuresKept == failures, SHARD_COUNTS);
  expect(jobs().count == ready + reserved + delayed + buried, SHARD_COUNTS);
  const first = tree.first(timersRoot());
  expect(s.nextDue == (first == 0 ? NEVER_MICROS : <f64>nodeAt(first).major), SHARD_NEXT_DUE);
  checkTree(timersRoot());
  let tubes: u32 = 0;
  for (let at = first; at != 0 && whole(); at = tree.next(at)) {
    const isConn = nodeAt(at).minor == CONN_MINOR;
    expect((isConn ? connAt(at).timed : tubeAt(at).timed) == 1, SHARD_TIMERS);
    if (isConn) checkConn(connAt(at));
    else tubes++;
  }
  expect(tubes == timedTubes, SHARD_TIMERS);
  if (s.cursorJob == 0 || broken != 0) return;
  const state = jobAt(s.cursorJob).state;
  const isNoJob = state == STATE_UPLOADING || state == STATE_GONE;
  expect(isNoJob || findJob(jobAt(s.cursorJob).minor) == s.cursorJob, SHARD_CURSOR);
  let block = chainOf(jobAt(s.cursorJob)).first;
  for (let passed: u32 = 0; passed < s.cursorBytes && isBlock(block); passed += BLOCK_BODY) {
    block = blockAt(block).next;
  }
  expect(block == s.cursorBlock, SHARD_CURSOR);
}

/* The allocator. */

function pageAt(page: u32): Page {
  return changetype<Page>((<usize>page) << 16);
}

/** Marks `page`, which must be one of the allocator's that nothing else claims. */
function mark(page: u32, as: u8, invariant: i32): void {
  expect(page >= firstPage() && page < shard().topPage, invariant);
  if (broken != 0) return;
  expect(load<u8>(pageMarks + page) == 0, invariant);
  store<u8>(pageMarks + page, as);
}

/** Marks free pages and the pages of tables: what is left is cut into slots. */
function markPages(): void {
  const s = shard();
  memory.fill(pageMarks, 0, s.topPage);
  memory.fill(liveSlots, 0, s.topPage << 1);
  let free: u32 = 0;
  for (let at = s.freePages; at != 0 && whole(); at = load<u32>(at)) {
    mark(at >> 16, MARK_FREE, PAGES_FREE);
    free++;
  }
  expect(firstPage() + s.usedPages + free == s.topPage, PAGES_COUNT);
  expect(s.topPage <= s.endPage && s.endPage <= <u32>memory.size(), PAGES_COUNT);
  markHeads(jobs());
  markHeads(tubesByName());
  markHeads(watches());
}

function markHeads(table: Table): void {
  const n = heads(table);
  for (let b: u32 = 0; b < n && whole(); b += PAGE_BYTES >> 2) {
    mark(<u32>(headAt(table, b) >> 16), MARK_HEADS, PAGES_COUNT);
  }
}

/** Counts a slot that is in use for a record of `bytes` of a kind. */
function live(kind: u32, at: u32, bytes: u32): void {
  if (!counting || broken != 0) return;
  const page = at >> 16;
  expect(page >= firstPage() && page < shard().topPage, SLOT_MISPLACED);
  if (broken != 0) return;
  expect(load<u8>(pageMarks + page) == 0, SLOT_MISPLACED);
  const size = <u32>pageAt(page).slotBytes;
  const offset = at & (PAGE_BYTES - 1);
  expect(isOfKind(at, kind, bytes) && size == roundUp(bytes), SLOT_MISPLACED);
  expect(offset >= PAGE_HEADER && (offset - PAGE_HEADER) % size == 0, SLOT_MISPLACED);
  expect(offset < pageAt(page).bump, SLOT_MISPLACED);
  const counter = liveSlots + ((<usize>page) << 1);
  store<u16>(counter, load<u16>(counter) + 1);
}

/**
 * Checks every page that is cut into slots; returns how many slots are in use that no walk reached.
 */
function checkPages(): u32 {
  let hidden: u32 = 0;
  let open: u32 = 0;
  let slabs: u32 = 0;
  let bytes: u32 = 0;
  for (let page = firstPage(); page < shard().topPage && whole(); ++page) {
    if (load<u8>(pageMarks + page) != 0) continue;
    const reached = <u32>load<u16>(liveSlots + ((<usize>page) << 1));
    expect(reached <= pageAt(page).used, SLOT_COUNT);
    hidden += pageAt(page).used - reached;
    slabs++;
    bytes += pageAt(page).used * <u32>pageAt(page).slotBytes;
    if (checkSlots(pageAt(page))) open++;
  }
  for (let number: u32 = 0; number < LISTS && whole(); ++number) open -= checkPageList(number);
  expect(open == 0, PAGE_LISTS);
  expect(shard().slabPages == slabs && shard().slotBytes == bytes, SLOT_BYTES);
  checkSweep();
  return hidden;
}

/** Checks the slots of a page; whether it has a free one. */
function checkSlots(page: Page): bool {
  expect(page.list < LISTS, PAGE_SLOTS);
  if (broken != 0) return false;
  const size = <u32>page.slotBytes;
  expect(size == roundUp(size) && isOfKind(pageStart(page), kindOf(page), size), PAGE_SLOTS);
  if (broken != 0) return false;
  expect(<u32>page.slots == (PAGE_BYTES - PAGE_HEADER) / size, PAGE_SLOTS);
  const cut = (page.bump - PAGE_HEADER) / size;
  expect((page.bump - PAGE_HEADER) % size == 0 && page.bump <= PAGE_BYTES, PAGE_SLOTS);
  let free: u32 = 0;
  for (let slot = page.free; slot != 0 && whole(); slot = load<u32>(slot)) {
    const offset = slot - pageStart(page);
    expect(offset >= PAGE_HEADER && offset < page.bump, PAGE_SLOTS);
    expect((offset - PAGE_HEADER) % size == 0 && ++free <= cut, PAGE_SLOTS);
  }
  expect(page.used + free == cut, PAGE_SLOTS);
  return page.free != 0 || page.bump + size <= PAGE_BYTES;
}

function pageStart(page: Page): u32 {
  return <u32>changetype<usize>(page);
}

function kindOf(page: Page): u32 {
  return page.list & ~(CLASSES_MAX - 1);
}

/**
 * Checks the ring of the pages of list `number`, which have a free slot each; returns how many
 * there are. Only a page that is alone may have no piece: all others go back.
 */
function checkPageList(number: u32): u32 {
  const list = listAt(number);
  expect((list.front == 0) == (list.pages == 0), PAGE_LISTS);
  let count: u32 = 0;
  let at = list.front;
  while (at != 0 && whole()) {
    const page = changetype<Page>(<usize>at);
    expect(load<u8>(pageMarks + (at >> 16)) == 0, PAGE_LISTS);
    if (broken != 0) return 0;
    expect(page.list == number && page.used < <u32>page.slots, PAGE_LISTS);
    expect(page.used != 0 || list.pages == 1, PAGE_LISTS);
    expect(changetype<Page>(<usize>page.next).prev == at && ++count <= list.pages, PAGE_LISTS);
    at = page.next == list.front ? 0 : page.next;
  }
  expect(count == list.pages, PAGE_LISTS);
  return count;
}

/** Takes the lock as whoever finds it taken, but with steps of that length. */
export function lockInSteps(stepMillis: i32): void {
  sleepForLock(<i64>stepMillis * 1000000);
}

/** Where the sweep is, and what came loose. */
function checkSweep(): void {
  const s = shard();
  expect(s.sweepList >= JOBS && s.sweepList <= LISTS, SWEEP_PLACE);
  expect(looseBytes() == s.slabPages * PAGE_BYTES - s.slotBytes, SWEEP_PLACE);
}
