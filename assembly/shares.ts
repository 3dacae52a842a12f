/* Shares: what each key of the tag `fair` gets of a tube whose order is fair.
 *
 * Within one priority the next job is of the share that got least. A share is what one key has in
 * one priority of one tube; jobs without a key have one together. How much it got is its major: for
 * each job that is handed out it grows by a step, the smaller the greater the weight of its key.
 * What is held counts, since it counts when it is handed out. Of two that got the same, the one
 * that was served longer ago goes first.
 *
 *   bucket of priority 5 --- share "a" (got 7)  o-o-o-o      its line, by id
 *                        \-- share "b" (got 8)  o
 *                        \-- share of no key (got 8, served later)  o-o
 *
 * A share is there while it has a ready job or one that is held. One that comes (back) has got as
 * much as the one that got least, less what that one holds, and no more than what it holds itself
 * on top: nobody lives on what was saved, or pays for long. So the order needs no scan over keys,
 * and a key with many jobs holds up none with few. A restart begins anew.
 *
 * Jobs that stand in the line of the bucket itself became ready while the order was another one:
 * among them and the first share the lowest id goes first. Called by ready.ts and the states.
 */
import { Bucket, addressOfBucket, bucketAt, displace, place, sharesRoot } from "./bucket";
import { STATE_READY } from "./constants";
import { ASIDE, COUNTED, Job, TAGGED } from "./job";
import { FIXED, give, take } from "./memory";
import { nameAt } from "./names";
import { Node } from "./node";
import { must, shard } from "./shard";
import { tagsOf } from "./tags";
import { Tube, addressOfTube } from "./tube";
import * as tree from "./tree";

@unmanaged
export class Share extends Bucket {
  // major = how much it got, minor = when it was served last
  /* The second node, by its parts: major = its key, minor = its priority. */
  allLeft: u32;
  allRight: u32;
  allParent: u32;
  allChain: u32;
  key: u64;
  pri: u64;
  held: u32;
  tube: u32;
}

/** A step of a key with the weight 1. */
export const STEP: u64 = 1 << 20;
const SECOND: usize = offsetof<Share>("allLeft");

export function shareAt(address: u32): Share {
  return changetype<Share>(<usize>address);
}

function addressOf(share: Share): u32 {
  return <u32>changetype<usize>(share);
}

/** Its second node, and the way back. */
export function allNode(share: Share): Node {
  return changetype<Node>(changetype<usize>(share) + SECOND);
}

export function shareOfAll(node: u32): Share {
  return changetype<Share>(<usize>node - SECOND);
}

/** All shares of a tube, by key and priority. */
export function tubeSharesRoot(tube: Tube): usize {
  return changetype<usize>(tube) + offsetof<Tube>("shares");
}

/** The key of a job: the address of its name, 0 without one. */
export function keyOf(job: Job): u32 {
  return (job.flags & TAGGED) == 0 ? 0 : tagsOf(job).fair;
}

/** How much a share gets with one job. */
export function stepOf(share: Share): u64 {
  if (share.key == 0) return STEP;
  return max<u64>(STEP / <u64>nameAt(<u32>share.key).weight, 1);
}

/** The first share of the tube at (key, pri) or behind; 0 when there is none. */
export function shareFrom(tube: Tube, key: u64, pri: u64): u32 {
  let found: u32 = 0;
  let at = load<u32>(tubeSharesRoot(tube));
  while (at != 0) {
    const share = shareOfAll(at);
    const isBefore = share.key < key || (share.key == key && share.pri < pri);
    if (!isBefore) found = addressOf(share);
    at = isBefore ? share.allRight : share.allLeft;
  }
  return found;
}

/** Most keys have one share, so a name knows the one that was used last. */
function findShare(tube: Tube, key: u32, pri: u32): u32 {
  const last = key == 0 ? 0 : nameAt(key).share;
  if (last != 0 && shareAt(last).pri == <u64>pri && shareAt(last).tube == addressOfTube(tube))
    return last;
  const at = shareFrom(tube, key, pri);
  if (at == 0 || shareAt(at).key != <u64>key || shareAt(at).pri != <u64>pri) return 0;
  if (key != 0) nameAt(key).share = at;
  return at;
}

function findOrMake(tube: Tube, job: Job): u32 {
  const found = findShare(tube, keyOf(job), job.pri);
  if (found != 0) return found;
  const at = take(FIXED, offsetof<Share>(), true);
  if (at == 0) return 0;
  memory.fill(at, 0, offsetof<Share>());
  const share = shareAt(at);
  share.key = keyOf(job);
  share.pri = job.pri;
  share.tube = addressOfTube(tube);
  if (share.key != 0) nameAt(<u32>share.key).share = at;
  tree.insert(tubeSharesRoot(tube), allNode(share));
  return at;
}

function dropIfIdle(tube: Tube, share: Share): void {
  if ((share.count | share.held) != 0) return;
  tree.remove(tubeSharesRoot(tube), allNode(share));
  const at = addressOf(share);
  if (share.key != 0 && nameAt(<u32>share.key).share == at) nameAt(<u32>share.key).share = 0;
  give(at);
}

/* Standing. */

/** A job, which stands nowhere, stands in its share; false when there is no memory. */
export function standInShare(tube: Tube, bucket: Bucket, job: Job): bool {
  const at = findOrMake(tube, job);
  if (at == 0) return false;
  const share = shareAt(at);
  place(share, job);
  bucket.count++;
  if (share.owner != 0) return true;
  share.owner = addressOfBucket(bucket);
  enterOrder(bucket, share);
  return true;
}

/** What a share that comes (back) has got. */
function enterOrder(bucket: Bucket, share: Share): void {
  const first = tree.first(sharesRoot(bucket));
  let least: u64 = 0;
  if (first != 0) {
    const other = shareAt(first);
    const holds = <u64>other.held * stepOf(other);
    least = other.major > holds ? other.major - holds : 0;
  }
  const most = least + <u64>share.held * stepOf(share);
  share.major = min(max(share.major, least), most);
  tree.insert(sharesRoot(bucket), share);
}

/** Takes a job out of the share in which it stands; returns the bucket. */
export function leaveShare(tube: Tube, share: Share, job: Job): Bucket {
  const bucket = bucketAt(share.owner);
  displace(share, job);
  bucket.count--;
  tree.remove(sharesRoot(bucket), share);
  if (share.count != 0) {
    tree.insert(sharesRoot(bucket), share); // it may have got something: `charge`
    return bucket;
  }
  share.owner = 0;
  dropIfIdle(tube, share);
  return bucket;
}

/** Whether a line in which a job stands is a share. */
export function isShare(line: Bucket): bool {
  return line.owner != 0;
}

/* Counting. */

/**
 * A job of the tube is about to be handed out: its share gets it. Where it stands in the order is
 * seen to when it leaves the share.
 */
export function charge(tube: Tube, job: Job): void {
  if (tube.isFair == 0) return;
  const isStanding = job.state == STATE_READY && (job.flags & ASIDE) == 0;
  const isInShare = isStanding && isShare(bucketAt(job.holder));
  const at = isInShare ? job.holder : findOrMake(tube, job);
  if (at == 0) return;
  const share = shareAt(at);
  share.held++;
  share.minor = ++shard().served;
  share.major += stepOf(share);
  job.flags |= COUNTED;
  if (share.owner == 0 || job.holder == at) return;
  const bucket = bucketAt(share.owner);
  tree.remove(sharesRoot(bucket), share);
  tree.insert(sharesRoot(bucket), share);
}

/** A job that was counted is held no more. */
export function uncount(tube: Tube, job: Job): void {
  const at = findShare(tube, keyOf(job), job.pri);
  must(at != 0 && shareAt(at).held > 0);
  job.flags &= ~COUNTED;
  shareAt(at).held--;
  dropIfIdle(tube, shareAt(at));
}

/** A job that is held is handed back, as if its share had not got it. */
export function uncharge(tube: Tube, job: Job): void {
  if ((job.flags & COUNTED) == 0) return;
  const share = shareAt(findShare(tube, keyOf(job), job.pri));
  const step = stepOf(share);
  if (share.owner != 0) tree.remove(sharesRoot(bucketAt(share.owner)), share);
  share.major = share.major > step ? share.major - step : 0;
  if (share.owner != 0) tree.insert(sharesRoot(bucketAt(share.owner)), share);
}

/** A held job has another priority: it counts there. */
export function moveCount(tube: Tube, job: Job, pri: u32): void {
  const wasCounted = (job.flags & COUNTED) != 0;
  if (wasCounted) uncount(tube, job);
  job.pri = pri;
  if (!wasCounted) return;
  const at = findOrMake(tube, job);
  if (at == 0) return;
  shareAt(at).held++;
  job.flags |= COUNTED;
}
