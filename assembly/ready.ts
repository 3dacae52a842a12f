/* Ready: the ready jobs of a tube in the order (pri, id), and the tubes that have one to give to
 * somebody.
 *
 * One bucket for each priority in use (bucket.ts), in a tube whose order is fair with shares in it
 * (shares.ts). Measured against a binary heap, buckets are 2 to 4 times faster with up to 1,024
 * priorities and equal when all differ. Of the jobs with a concurrency key no more than one of each
 * stands here (lanes.ts).
 */
import { Bucket, addressOfBucket, bestOf, bucketAt, displace, lateRoot, place } from "./bucket";
import { Job, LATE, addressOfJob, jobAt } from "./job";
import { FIXED, give, take } from "./memory";
import { Shard, shard } from "./shard";
import { isShare, leaveShare, shareAt, standInShare } from "./shares";
import { Tube, readyNode, tubeAt } from "./tube";
import * as tree from "./tree";

const READY_TUBES: usize = offsetof<Shard>("readyTubes");
const BUCKETS: usize = offsetof<Tube>("buckets");
const HEAD: usize = offsetof<Tube>("head");
const ID_FITS: u64 = 0xffffffff;

export function readyTubesRoot(): usize {
  return changetype<usize>(shard()) + READY_TUBES;
}

export function bucketsRoot(tube: Tube): usize {
  return changetype<usize>(tube) + BUCKETS;
}

/** The bucket for `pri`, made if need be; 0 when there is no memory. */
function bucketFor(tube: Tube, pri: u32): u32 {
  const last = tube.lastBucket;
  if (last != 0 && bucketAt(last).major == <u64>pri) return last;
  let at = tree.find(bucketsRoot(tube), pri);
  if (at == 0) at = makeBucket(tube, pri);
  tube.lastBucket = at;
  return at;
}

function makeBucket(tube: Tube, pri: u32): u32 {
  let at = tube.spareBucket;
  if (at != 0) tube.spareBucket = 0;
  else at = take(FIXED, offsetof<Bucket>(), true);
  if (at == 0) return 0;
  const bucket = bucketAt(at);
  bucket.major = pri;
  bucket.minor = 0;
  bucket.head = 0;
  bucket.tail = 0;
  bucket.late = 0;
  bucket.count = 0;
  bucket.shares = 0;
  bucket.owner = 0;
  tree.insert(bucketsRoot(tube), bucket);
  if (tube.firstBucket == 0 || <u64>pri < bucketAt(tube.firstBucket).major) tube.firstBucket = at;
  return at;
}

function dropBucket(tube: Tube, bucket: Bucket): void {
  const at = addressOfBucket(bucket);
  if (tube.lastBucket == at) tube.lastBucket = 0;
  if (tube.firstBucket == at) tube.firstBucket = tree.next(at);
  tree.remove(bucketsRoot(tube), bucket);
  if (tube.spareBucket == 0) tube.spareBucket = at;
  else give(at);
}

/** Sees to it that making the tube's first bucket cannot fail. */
export function keepSpareBucket(tube: Tube): bool {
  if (tube.spareBucket == 0 && tube.buckets == 0)
    tube.spareBucket = take(FIXED, offsetof<Bucket>(), true);
  return tube.spareBucket != 0 || tube.buckets != 0;
}

/** Takes a job that is about to be moved out of the tree, if it stands in one. */
export function beginMoveInOrder(job: Job): void {
  if ((job.flags & LATE) != 0) tree.remove(lateRoot(bucketAt(job.holder)), job);
}

/** Corrects whatever pointed at a ready job, which has been moved here from `from`. */
export function endMoveInOrder(tube: Tube, job: Job, from: u32): void {
  const at = addressOfJob(job);
  const bucket = bucketAt(job.holder);
  if (tube.best == from) tube.best = at;
  if ((job.flags & LATE) != 0) {
    tree.insertByMinor(lateRoot(bucket), job);
    return;
  }
  if (job.right != 0) jobAt(job.right).left = at;
  else bucket.head = at;
  if (job.left != 0) jobAt(job.left).right = at;
  else bucket.tail = at;
}

/**
 * The place (pri, id) in one word that one load reads whole; the greater word is the better place,
 * and none is 0. Ids that do not fit count as the best of their priority: whoever compares heads
 * then finds no head worse than another, and asks under the lock.
 */
export function headOf(pri: u64, id: u64): u64 {
  return ~((pri << 32) | (id < ID_FITS ? id : 0));
}

function publish(tube: Tube, head: u64): void {
  atomic.store<u64>(changetype<usize>(tube) + HEAD, head);
}

/** The head of a tube, read without the lock. */
export function readHead(tube: Tube): u64 {
  return atomic.load<u64>(changetype<usize>(tube) + HEAD);
}

/**
 * Brings the tube's best job and its place among the ready tubes up to date. A tube that nobody
 * watches has none: thousands of them must not stand before those from which jobs are taken.
 */
export function refresh(tube: Tube): void {
  const best = tube.firstBucket == 0 ? 0 : bestOf(bucketAt(tube.firstBucket));
  tube.best = best;
  const node = readyNode(tube);
  if (best == 0 || tube.watching == 0 || tube.shut != 0) {
    if (tube.listed != 0) {
      tree.remove(readyTubesRoot(), node);
      tube.listed = 0;
      publish(tube, 0);
    }
    return;
  }
  const pri = <u64>jobAt(best).pri;
  const id = jobAt(best).minor;
  if (tube.listed != 0) {
    if (tube.readyPri == pri && tube.readyId == id) return;
    publish(tube, headOf(pri, id));
    // Alone in the tree: nothing to be moved past.
    if ((node.parent | node.left | node.right) == 0) {
      tube.readyPri = pri;
      tube.readyId = id;
      return;
    }
    tree.remove(readyTubesRoot(), node);
  } else {
    publish(tube, headOf(pri, id));
  }
  tube.readyPri = pri;
  tube.readyId = id;
  tree.insert(readyTubesRoot(), node);
  tube.listed = 1;
}

/** `job`, which stands nowhere, stands in the order of its tube; false when there is no memory. */
export function stand(tube: Tube, job: Job): bool {
  const at = bucketFor(tube, job.pri);
  if (at == 0) return false;
  if (tube.isFair == 0) {
    place(bucketAt(at), job);
    return true;
  }
  if (standInShare(tube, bucketAt(at), job)) return true;
  if (bucketAt(at).count == 0) dropBucket(tube, bucketAt(at));
  return false;
}

/** Takes a job out of the order of its tube, whose best it may have been: `refresh` it. */
export function unstand(tube: Tube, job: Job): void {
  let bucket = bucketAt(job.holder);
  if (isShare(bucket)) bucket = leaveShare(tube, shareAt(job.holder), job);
  else displace(bucket, job);
  if (bucket.count == 0) dropBucket(tube, bucket);
}

/** Whether a job of the tube `a` stands before one of `b`; both have one. */
export function betterTube(a: u32, b: u32): bool {
  const x = tubeAt(a);
  const y = tubeAt(b);
  return x.readyPri < y.readyPri || (x.readyPri == y.readyPri && x.readyId < y.readyId);
}
