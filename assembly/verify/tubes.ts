/* Tubes: the jobs of each tube where they stand, its waiters, its timer and its histograms; and the
 * tubes among the ready ones. Invariant of the walk: it adds up what it finds, for conns.ts and
 * shard.ts to compare.
 */
import { connAt, watchAt } from "../conn";
import { NOT_SET, SETTING_RATE, SETTING_RESERVED } from "../constants";
import { STATE_BURIED, STATE_DELAYED, STATE_READY, URGENT_BELOW } from "../constants";
import { Job, jobAt, LATE } from "../job";
import { isParked } from "../jobgroups";
import { FIXED } from "../memory";
import { nodeAt } from "../node";
import { bestOf, Bucket, bucketAt, lateRoot, sharesRoot } from "../bucket";
import { bucketsRoot, headOf, readHead, readyTubesRoot } from "../ready";
import { Samples, samplesAt } from "../samples";
import { shareAt } from "../shares";
import { countOf, SETTINGS_PIECE_BYTES, settingsAt, valueOf } from "../settings";
import { shard, tubesByName } from "../shard";
import { delayedRoot } from "../states";
import {
  HISTOGRAM_BYTES,
  reservesOf,
  shardReserves,
  shardTimes,
  TIMES_BYTES,
  timesIn,
} from "../times";
import { timersRoot } from "../timers";
import * as tree from "../tree";
import {
  findTube,
  isPaused,
  nameOf,
  readyNode,
  SHUT_BY_PAUSE,
  SHUT_BY_RATE,
  SHUT_BY_RESERVED,
  Tube,
  tubeAt,
  tubeOfReadyNode,
} from "../tube";
import { live } from "./allocator";
import { expect, Sums, whole } from "./findings";
import {
  BUCKET_CACHED,
  BUCKET_COUNT,
  BUCKET_LATE,
  BUCKET_LIST,
  BURIED_LIST,
  DELAYED_TREE,
  JOB_MISPLACED,
  SHARE_LINE,
  SHARD_READY_TUBES,
  SHARD_TIMES,
  TABLE_COUNT,
  TREE_ORDER,
  TUBE_BEST,
  TUBE_COUNTS,
  TUBE_HEAD,
  TUBE_LIST,
  TUBE_LISTED,
  TUBE_NAME,
  TUBE_READY_AND_WAITED_FOR,
  TUBE_SETTINGS,
  TUBE_SHUT,
  TUBE_SPARE_BUCKET,
  TUBE_TIMER,
  TUBE_TIMES,
  TUBE_UNREFERRED,
  WAITER_LIST,
} from "./invariants";
import { checkJob } from "./jobs";
import { Aside, checkLanes, checkStanding } from "./lanes";
import { checkShares } from "./shares";
import { checkCooling } from "./tags";
import { checkTree, checkTreeBy, stands } from "./trees";

export function checkTube(tube: Tube, prev: u32): void {
  const at = <u32>changetype<usize>(tube);
  live(FIXED, at, offsetof<Tube>() + tube.nameBytes);
  expect(tube.prevTube == prev, TUBE_LIST);
  expect(prev == 0 || tubeAt(prev).createdNumber < tube.createdNumber, TUBE_LIST);
  expect(findTube(nameOf(tube), tube.nameBytes) == at, TUBE_NAME);
  const here = tube.ready + tube.reserved + tube.delayed + tube.buried;
  const isReferredTo = here + tube.using + tube.watching + tube.pinned != 0;
  expect(isReferredTo || (tube.settings | tube.coolingHead) != 0, TUBE_UNREFERRED);
  checkSettings(tube);
  checkLanes(tube);
  checkShares(tube);
  checkBuckets(tube);
  checkBest(tube);
  checkDelayed(tube);
  checkBuried(tube);
  checkWaiters(tube);
  checkTimes(tube);
  checkCooling(tube);
  Sums.reserved += tube.reserved;
  Sums.timedTubes += tube.timed;
  Sums.listedTubes += tube.listed;
}

/** What is set for it lies in a record of its own, and there is none when nothing is. */
function checkSettings(tube: Tube): void {
  expect(isPaused(tube) == ((tube.shut & SHUT_BY_PAUSE) != 0), TUBE_SHUT);
  if (tube.settings == 0) {
    expect((tube.shut & ~SHUT_BY_PAUSE) == 0, TUBE_SHUT);
    return;
  }
  live(FIXED, tube.settings, SETTINGS_PIECE_BYTES);
  const settings = settingsAt(tube.settings);
  expect(countOf(settings) != 0, TUBE_SETTINGS);
  expect(settings.firstLsn <= settings.lsn && settings.lsn <= shard().lsn, TUBE_SETTINGS);
  const most = valueOf(settings, SETTING_RESERVED);
  const isMostHeld = most != NOT_SET && <f64>tube.reserved >= most;
  expect(isMostHeld == ((tube.shut & SHUT_BY_RESERVED) != 0), TUBE_SHUT);
  if ((tube.shut & SHUT_BY_RATE) == 0) return;
  expect(valueOf(settings, SETTING_RATE) != NOT_SET, TUBE_SHUT);
  expect(tube.timed != 0 && tube.major <= settings.opens, TUBE_TIMER);
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
    const count = checkLine(tube, bucket, bucket.major) + checkSharesOf(tube, bucket);
    expect(count == bucket.count && count != 0, BUCKET_COUNT);
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
  tubeReady += Aside.ready;
  tubeUrgent += Aside.urgent;
  expect(tubeReady == tube.ready && tubeUrgent == tube.urgent, TUBE_COUNTS);
  Sums.ready += tubeReady;
  Sums.urgent += tubeUrgent;
}

/** Checks the shares of a bucket; returns how many jobs they have. */
function checkSharesOf(tube: Tube, bucket: Bucket): u32 {
  let count: u32 = 0;
  checkTree(sharesRoot(bucket));
  for (let at = tree.first(sharesRoot(bucket)); at != 0 && whole(); at = tree.next(at)) {
    const share = shareAt(at);
    const lined = checkLine(tube, share, share.pri);
    expect(share.pri == bucket.major && lined == share.count && lined != 0, SHARE_LINE);
    expect(share.owner == <u32>changetype<usize>(bucket), SHARE_LINE);
    count += lined;
  }
  return count;
}

/** Checks the list and the tree of a bucket or a share; returns how many jobs they have. */
function checkLine(tube: Tube, bucket: Bucket, pri: u64): u32 {
  let count: u32 = 0;
  let prev: u32 = 0;
  for (let at = bucket.head; at != 0 && whole(); at = jobAt(at).left) {
    expect(jobAt(at).right == prev, BUCKET_LIST);
    expect(prev == 0 || jobAt(prev).minor < jobAt(at).minor, BUCKET_LIST);
    expect((jobAt(at).flags & LATE) == 0, BUCKET_LATE);
    checkReady(tube, bucket, pri, jobAt(at));
    prev = at;
    count++;
  }
  expect(bucket.tail == prev, BUCKET_LIST);
  checkTreeBy(lateRoot(bucket), true);
  for (let at = tree.first(lateRoot(bucket)); at != 0 && whole(); at = tree.next(at)) {
    expect((jobAt(at).flags & LATE) != 0, BUCKET_LATE);
    checkReady(tube, bucket, pri, jobAt(at));
    count++;
  }
  return count;
}

function checkReady(tube: Tube, bucket: Bucket, pri: u64, job: Job): void {
  checkJob(tube, job, STATE_READY);
  expect(job.holder == <u32>changetype<usize>(bucket), JOB_MISPLACED);
  expect(<u64>job.pri == pri, JOB_MISPLACED);
  checkStanding(job);
}

/** The tube's best job and its place among the ready tubes. */
function checkBest(tube: Tube): void {
  let best: u32 = 0;
  if (tube.firstBucket != 0) {
    const bucket = bucketAt(tube.firstBucket);
    const late = tree.first(lateRoot(bucket));
    best = bucket.head;
    if (best == 0 || (late != 0 && jobAt(late).minor < jobAt(best).minor)) best = late;
    if (bucket.shares != 0) best = bestOf(bucket);
  }
  expect(tube.best == best, TUBE_BEST);
  const takeable = best != 0 && tube.shut == 0;
  expect((takeable && tube.watching != 0) == (tube.listed != 0), TUBE_LISTED);
  expect(!takeable || tube.waitHead == 0, TUBE_READY_AND_WAITED_FOR);
  const head = tube.listed == 0 ? 0 : headOf(tube.readyPri, tube.readyId);
  expect(readHead(tube) == head, TUBE_HEAD);
  if (tube.listed == 0 || !whole()) return;
  expect(tube.readyPri == <u64>jobAt(best).pri && tube.readyId == jobAt(best).minor, TUBE_LISTED);
  const node = <u32>changetype<usize>(readyNode(tube));
  expect(stands(node, readyTubesRoot()), TUBE_LISTED);
}

function checkDelayed(tube: Tube): void {
  const root = delayedRoot(tube);
  const count = checkTree(root);
  let parked: u32 = 0;
  for (let at = tree.first(root); at != 0 && whole(); at = tree.next(at)) {
    checkJob(tube, jobAt(at), STATE_DELAYED);
    expect(jobAt(at).holder == 0, DELAYED_TREE);
    if (isParked(jobAt(at))) parked++;
  }
  expect(count == tube.delayed && parked == tube.parked, TUBE_COUNTS);
  Sums.delayed += count;
  const first = tree.first(root);
  if (count != parked) expect(tube.timed != 0 && tube.major <= nodeAt(first).major, TUBE_TIMER);
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
  Sums.buried += count;
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
  Sums.waiters += count;
}

/**
 * Each time that was counted belongs to a reservation that was, and in the shard's histograms there
 * is no less than in the tubes'.
 */
function checkTimes(tube: Tube): void {
  expect(tube.earlierJobs <= tube.totalJobs && tube.earlierDeletes <= tube.deletes, TUBE_COUNTS);
  Sums.otherReserves += tube.otherReserves;
  if (tube.samples != 0) checkSamples(samplesAt(tube.samples));
  if (tube.times == 0) return;
  live(FIXED, tube.times, TIMES_BYTES);
  expect(timesIn(tube.times + HISTOGRAM_BYTES) <= reservesOf(tube), TUBE_TIMES);
}

function checkSamples(samples: Samples): void {
  live(FIXED, <u32>changetype<usize>(samples), offsetof<Samples>());
  if (samples.ring != 0) live(FIXED, samples.ring, samples.room << 2);
  expect((samples.ring == 0) == (samples.room == 0), TUBE_TIMES);
  expect(samples.next <= samples.count && samples.count <= samples.room, TUBE_TIMES);
  const counted = samples.slowCount != 0 ? samples.slowCount : samples.fastCount;
  expect(<u64>samples.count <= counted, TUBE_TIMES);
}

/** The tubes that are gone are only in the shard's. */
export function checkShardTimes(): void {
  for (let i: usize = 0; i < TIMES_BYTES; i += 8) {
    let sum: u64 = 0;
    for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
      if (tubeAt(at).times != 0) sum += load<u64>(<usize>tubeAt(at).times + i);
    }
    expect(sum <= load<u64>(shardTimes() + i), SHARD_TIMES);
  }
  expect(Sums.otherReserves <= shard().otherReserves, SHARD_TIMES);
  expect(timesIn(shardTimes() + HISTOGRAM_BYTES) <= shardReserves(), SHARD_TIMES);
}

/** What holds for all tubes together, and for the tubes among the ready ones. */
export function checkTubes(): void {
  const s = shard();
  let tubes: u32 = 0;
  let last: u32 = 0;
  for (let at = s.tubesHead; at != 0 && whole(); at = tubeAt(at).nextTube) {
    tubes++;
    last = at;
  }
  expect(s.tubes == tubes && s.tubesTail == last, TUBE_LIST);
  expect(tubesByName().count == tubes, TABLE_COUNT);
  if (!whole()) return;
  expect(checkTree(readyTubesRoot()) == Sums.listedTubes, SHARD_READY_TUBES);
  let at = tree.first(readyTubesRoot());
  while (at != 0 && whole()) {
    expect(tubeOfReadyNode(at).listed == 1, SHARD_READY_TUBES);
    at = tree.next(at);
  }
}
