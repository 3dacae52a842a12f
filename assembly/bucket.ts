/* Bucket: a line of jobs of one priority, in the order of their ids.
 *
 * New jobs have the highest id so far and go to the tail of the list, one that comes back nearly
 * always has the lowest and goes to its head; one that belongs in between goes to the tree of late
 * jobs. A bucket holds the jobs of its priority itself, or in a tube with fair order in shares, one
 * for each key (shares.ts), which are lines like it. Called by ready.ts and shares.ts.
 */
import { Job, LATE, addressOfJob, jobAt } from "./job";
import { Node } from "./node";
import * as tree from "./tree";

@unmanaged
export class Bucket extends Node {
  // major = pri
  head: u32;
  tail: u32;
  late: u32;
  /** Jobs, those of its shares included. */
  count: u32;
  /** Tree of its shares that have jobs. */
  shares: u32;
  /** Of a share: the bucket in which it stands. */
  owner: u32;
}

const LATE_TREE: usize = offsetof<Bucket>("late");

export function bucketAt(address: u32): Bucket {
  return changetype<Bucket>(<usize>address);
}

export function addressOfBucket(bucket: Bucket): u32 {
  return <u32>changetype<usize>(bucket);
}

export function lateRoot(bucket: Bucket): usize {
  return changetype<usize>(bucket) + LATE_TREE;
}

/** Adds a job to a line. */
export function place(bucket: Bucket, job: Job): void {
  const at = addressOfJob(job);
  const id = job.minor;
  job.holder = addressOfBucket(bucket);
  bucket.count++;
  if (bucket.tail == 0) {
    job.left = 0;
    job.right = 0;
    bucket.head = at;
    bucket.tail = at;
  } else if (id > jobAt(bucket.tail).minor) {
    job.left = 0;
    job.right = bucket.tail;
    jobAt(bucket.tail).left = at;
    bucket.tail = at;
  } else if (id < jobAt(bucket.head).minor) {
    job.left = bucket.head;
    job.right = 0;
    jobAt(bucket.head).right = at;
    bucket.head = at;
  } else {
    job.flags |= LATE;
    tree.insertByMinor(lateRoot(bucket), job); // its major is since when it is ready
  }
}

/** Takes a job out of its line. */
export function displace(bucket: Bucket, job: Job): void {
  bucket.count--;
  if ((job.flags & LATE) != 0) {
    job.flags &= ~LATE;
    tree.remove(lateRoot(bucket), job);
    return;
  }
  if (job.right != 0) jobAt(job.right).left = job.left;
  else bucket.head = job.left;
  if (job.left != 0) jobAt(job.left).right = job.right;
  else bucket.tail = job.right;
}

/** The job of the line with the lowest id; 0 when there is none but in shares. */
export function bestInLine(bucket: Bucket): u32 {
  if (bucket.late == 0) return bucket.head;
  const late = tree.first(lateRoot(bucket));
  if (bucket.head == 0) return late;
  return jobAt(late).minor < jobAt(bucket.head).minor ? late : bucket.head;
}

/** The job of the bucket that is the next to go: the one with the lowest id, but for its shares. */
export function bestOf(bucket: Bucket): u32 {
  const own = bestInLine(bucket);
  if (bucket.shares == 0) return own;
  const shared = bestInLine(bucketAt(tree.first(sharesRoot(bucket))));
  return own == 0 || jobAt(shared).minor < jobAt(own).minor ? shared : own;
}

export function sharesRoot(bucket: Bucket): usize {
  return changetype<usize>(bucket) + offsetof<Bucket>("shares");
}
