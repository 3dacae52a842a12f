/* Lanes: the ready jobs of one tube that have one concurrency key, in the order (pri, id).
 *
 * Only the first of them stands in the order of its tube (ready.ts), as any job does: so whoever
 * takes jobs passes over none that may not be taken, however many there are. The others, and the
 * first too while the key is at its limit, stand aside (ASIDE) in the tree of their lane.
 *
 *   lane   | head: in the tube's order |  rest: a tree by (pri, id)       | goes on
 *   lane   | -                         |  rest: all of them               | stands aside
 *
 * Whether a key is at its limit is found out when its job is about to be taken (`mayTake`). Then
 * the lane stands aside and its shard has a bit on the board (board.ts), and the count is looked at
 * once more: a key that was given back between would be lost. When a key is given back, or its
 * limit rises, its lanes come back with the next `match` (states.ts), which also offers what is
 * ready in their tubes, in the order in which the tubes were made.
 *
 * A lane is there while it has a job. Called by the states, by ready.ts for jobs with a key, and by
 * whoever takes jobs.
 */
import * as board from "./board";
import { URGENT_BELOW } from "./constants";
import { ASIDE, Job, TAGGED, addressOfJob, jobAt } from "./job";
import { FIXED, give, take } from "./memory";
import { Name, asideRoot, markFreed, nameAt } from "./names";
import { Node } from "./node";
import { beginMoveInOrder, endMoveInOrder, refresh, stand, unstand } from "./ready";
import { Shard, must, shard } from "./shard";
import { tagsOf } from "./tags";
import { Tube, addressOfTube, tubeAt } from "./tube";
import * as tree from "./tree";

@unmanaged
export class Lane extends Node {
  // major = address of the name
  /* The second node, by its parts: its place among those that stand aside, or that came back. */
  asideLeft: u32;
  asideRight: u32;
  asideParent: u32;
  asideChain: u32;
  asideMajor: u64;
  asideMinor: u64;
  tube: u32;
  name: u32;
  /** The job that stands in the tube's order, 0 when the lane stands aside. */
  head: u32;
  rest: u32;
  /** Jobs of both. */
  jobs: u32;
  place: u32;
}

/* Where a lane's second node stands. */
const GOES_ON: u32 = 0;
const STANDS_ASIDE: u32 = 1;
const CAME_BACK: u32 = 2;

const SECOND: usize = offsetof<Lane>("asideLeft");
const REST: usize = offsetof<Lane>("rest");
const LEFT: usize = offsetof<Node>("left");
const RIGHT: usize = offsetof<Node>("right");

export function laneAt(address: u32): Lane {
  return changetype<Lane>(<usize>address);
}

export function addressOfLane(lane: Lane): u32 {
  return <u32>changetype<usize>(lane);
}

/** Its second node, and the way back. */
export function asideNode(lane: Lane): Node {
  return changetype<Node>(changetype<usize>(lane) + SECOND);
}

export function laneOfAside(node: u32): Lane {
  return changetype<Lane>(<usize>node - SECOND);
}

export function lanesRoot(tube: Tube): usize {
  return changetype<usize>(tube) + offsetof<Tube>("lanes");
}

export function restRoot(lane: Lane): usize {
  return changetype<usize>(lane) + REST;
}

export function cameBackRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("cameBack");
}

/** Whether its jobs stand aside. */
export function standsAside(lane: Lane): bool {
  return lane.place == STANDS_ASIDE;
}

export function hasComeBack(lane: Lane): bool {
  return lane.place == CAME_BACK;
}

/** Whether the job has a concurrency key. */
export function hasKey(job: Job): bool {
  return (job.flags & TAGGED) != 0 && tagsOf(job).con != 0;
}

function nameOfJob(job: Job): Name {
  return nameAt(tagsOf(job).con);
}

/** The lane of a ready job with a key. */
export function laneOf(job: Job): Lane {
  return laneAt(tagsOf(job).lane);
}

/* The order of a lane. */

export function standsBefore(job: Job, pri: u32, id: u64): bool {
  return job.pri < pri || (job.pri == pri && job.minor < id);
}

/** Adds a job to the rest of its lane. */
export function setAside(lane: Lane, job: Job): void {
  const root = restRoot(lane);
  let parent: u32 = 0;
  let link = root;
  let current = load<u32>(root);
  while (current != 0) {
    parent = current;
    const other = jobAt(current);
    link = <usize>current + (standsBefore(job, other.pri, other.minor) ? LEFT : RIGHT);
    current = load<u32>(link);
  }
  tree.attach(root, job, parent, link);
  job.flags |= ASIDE;
  job.holder = 0;
}

/** Takes a job out of the rest of its lane. */
export function takeBack(lane: Lane, job: Job): void {
  tree.remove(restRoot(lane), job);
  job.flags &= ~ASIDE;
}

/** The first job of the rest behind the place (pri, id), or 0. */
export function firstBehind(lane: Lane, pri: u32, id: u64): u32 {
  let found: u32 = 0;
  let at = lane.rest;
  while (at != 0) {
    const job = jobAt(at);
    const isBehind = !standsBefore(job, pri, id) && (job.pri != pri || job.minor != id);
    if (isBehind) found = at;
    at = isBehind ? job.left : job.right;
  }
  return found;
}

/** The oldest of the tube's jobs that stand aside, or 0: of the first LOOKS of them. */
export function oldestAside(tube: Tube): u32 {
  let oldest: u32 = 0;
  let looks: u32 = 0;
  for (let at = tree.first(lanesRoot(tube)); at != 0 && looks < LOOKS; at = tree.next(at)) {
    let job = tree.first(restRoot(laneAt(at)));
    for (; job != 0 && looks < LOOKS; ++looks) {
      if (oldest == 0 || jobAt(job).minor < jobAt(oldest).minor) oldest = job;
      job = tree.next(job);
    }
    looks++;
  }
  return oldest;
}

/** The best ready job of the tube, stand it aside or not, or 0: of LOOKS lanes. */
export function bestOfAll(tube: Tube): u32 {
  let best = tube.best;
  let at = tree.first(lanesRoot(tube));
  for (let looks: u32 = 0; at != 0 && looks < LOOKS; ++looks) {
    const first = tree.first(restRoot(laneAt(at)));
    if (first != 0 && (best == 0 || isBetter(first, best))) best = first;
    at = tree.next(at);
  }
  return best;
}

/** Most lanes or jobs that one look goes through. */
export const LOOKS: u32 = 64;

function isBetter(a: u32, b: u32): bool {
  return standsBefore(jobAt(a), jobAt(b).pri, jobAt(b).minor);
}

/* Joining and leaving. */

/** A job with a key, which stands nowhere, is a ready one; false when there is no memory. */
export function joinLane(tube: Tube, job: Job): bool {
  const name = tagsOf(job).con;
  let at = tree.find(lanesRoot(tube), name);
  if (at == 0) at = makeLane(tube, name);
  if (at == 0) return false;
  const lane = laneAt(at);
  tagsOf(job).lane = at;
  if (!findPlace(tube, lane, job)) {
    if (lane.jobs == 0) dropLane(tube, lane);
    return false;
  }
  lane.jobs++;
  if (standsAside(lane)) shard().aside++;
  return true;
}

/** Finds the job its place in the lane; false when there is no memory for one in the order. */
function findPlace(tube: Tube, lane: Lane, job: Job): bool {
  const head = lane.head;
  const isFirst = head == 0 || isBetter(addressOfJob(job), head);
  if (standsAside(lane) || !isFirst) {
    setAside(lane, job);
    return true;
  }
  if (!stand(tube, job)) return false;
  lane.head = addressOfJob(job);
  if (head == 0) return true;
  unstand(tube, jobAt(head));
  setAside(lane, jobAt(head));
  return true;
}

function makeLane(tube: Tube, name: u32): u32 {
  const at = take(FIXED, offsetof<Lane>(), true);
  if (at == 0) return 0;
  memory.fill(at, 0, offsetof<Lane>());
  const lane = laneAt(at);
  lane.major = name;
  lane.tube = addressOfTube(tube);
  lane.name = name;
  lane.asideMinor = at;
  tree.insert(lanesRoot(tube), lane);
  return at;
}

/** Takes a ready job with a key out of its lane, and out of the tube's order if it stands there. */
export function leaveLane(tube: Tube, job: Job): void {
  const lane = laneOf(job);
  lane.jobs--;
  if (standsAside(lane)) shard().aside--;
  if ((job.flags & ASIDE) != 0) {
    takeBack(lane, job);
  } else {
    must(lane.head == addressOfJob(job));
    unstand(tube, job);
    lane.head = 0;
    if (lane.rest != 0 && !moveUp(lane)) putAside(lane);
  }
  tagsOf(job).lane = 0;
  if (lane.jobs == 0) dropLane(tube, lane);
}

function dropLane(tube: Tube, lane: Lane): void {
  leavePlace(lane);
  tree.remove(lanesRoot(tube), lane);
  give(addressOfLane(lane));
}

/** The first of the rest stands in the tube's order; false when there is no memory. */
function moveUp(lane: Lane): bool {
  const first = jobAt(tree.first(restRoot(lane)));
  takeBack(lane, first);
  if (stand(tubeAt(lane.tube), first)) {
    lane.head = addressOfJob(first);
    return true;
  }
  setAside(lane, first);
  return false;
}

/* Becoming ready, with a key or without. */

function standsBehind(job: Job, other: Job): bool {
  return job.pri > other.pri || (job.pri == other.pri && job.minor > other.minor);
}

/**
 * Makes `job`, which stands nowhere, a ready job of its tube; false when there is no memory for a
 * bucket.
 */
export function push(tube: Tube, job: Job): bool {
  if (!(hasKey(job) ? joinLane(tube, job) : stand(tube, job))) return false;
  tube.ready++;
  shard().ready++;
  if (job.pri < URGENT_BELOW) {
    tube.urgent++;
    shard().urgent++;
  }
  const isBehind = tube.best != 0 && tube.isFair == 0 && standsBehind(job, jobAt(tube.best));
  if (!isBehind) refresh(tube);
  return true;
}

/** Takes a ready job out of its tube. */
export function pull(tube: Tube, job: Job): void {
  must(tube.ready > 0);
  if (hasKey(job)) leaveLane(tube, job);
  else unstand(tube, job);
  tube.ready--;
  shard().ready--;
  if (job.pri < URGENT_BELOW) {
    tube.urgent--;
    shard().urgent--;
  }
  refresh(tube);
}

/* Standing aside and coming back. */

function leavePlace(lane: Lane): void {
  if (lane.place == GOES_ON) return;
  const root = standsAside(lane) ? asideRoot(nameAt(lane.name)) : cameBackRoot();
  tree.remove(root, asideNode(lane));
  lane.place = GOES_ON;
}

function takePlace(lane: Lane, place: u32): void {
  leavePlace(lane);
  lane.place = place;
  lane.asideMajor = tubeAt(lane.tube).createdNumber;
  const root = standsAside(lane) ? asideRoot(nameAt(lane.name)) : cameBackRoot();
  tree.insert(root, asideNode(lane));
}

/** The lane, of which nothing stands in the order, stands aside. */
function putAside(lane: Lane): void {
  takePlace(lane, STANDS_ASIDE);
  shard().aside += lane.jobs;
}

/** A lane that stands aside goes on as any other; false when there is no memory. */
function comeBack(lane: Lane): bool {
  if (!moveUp(lane)) return false;
  shard().aside -= lane.jobs;
  takePlace(lane, CAME_BACK);
  refresh(tubeAt(lane.tube));
  return true;
}

/* Taking. */

/**
 * Whether the first job of its tube may be taken: then it must be. If not, it stands there no more,
 * or the caller is to look and ask again.
 */
export function mayTake(job: Job): bool {
  return !hasKey(job) || claim(job);
}

/** As `mayTake`, for whoever only wants to know: nothing is taken. */
export function mightTake(job: Job): bool {
  if (!hasKey(job) || board.isOpen(nameOfJob(job).slot) != 0) return true;
  standBack(job);
  return false;
}

function claim(job: Job): bool {
  if (claimKey(job)) return true;
  standBack(job);
  return false;
}

/** The lane of a job that stands in the order, and may not be taken, stands aside. */
function standBack(job: Job): void {
  const lane = laneOf(job);
  const tube = tubeAt(lane.tube);
  unstand(tube, job);
  setAside(lane, job);
  lane.head = 0;
  putAside(lane);
  refresh(tube);
  if (board.block(nameAt(lane.name).slot) != 0 && comeBack(lane)) leavePlace(lane);
}

/** Takes the key of a job, wherever that stands; false when it is at its limit. */
export function claimKey(job: Job): bool {
  return !hasKey(job) || board.claim(nameOfJob(job).slot) != 0;
}

/** A held job with tags is held no more. */
export function freeKey(job: Job): void {
  if (tagsOf(job).con == 0) return;
  const name = nameOfJob(job);
  const isAwaited = board.free(name.slot) != 0;
  if (isAwaited || name.aside != 0) markFreed(name);
}

/** The lanes of a key that was freed come back. */
export function openLanes(name: Name): void {
  let at = tree.first(asideRoot(name));
  while (at != 0 && comeBack(laneOfAside(at))) at = tree.first(asideRoot(name));
}

/** The tube of the next lane that came back and was not offered yet; 0 when there is none. */
export function firstReturned(): u32 {
  const at = tree.first(cameBackRoot());
  return at == 0 ? 0 : laneOfAside(at).tube;
}

/** The same, which is offered now. */
export function takeReturned(): u32 {
  const at = tree.first(cameBackRoot());
  const lane = laneOfAside(at);
  leavePlace(lane);
  return lane.tube;
}

/* Moving. */

/** Takes a ready job that is about to be moved out of its tree, if it stands in one. */
export function beginMove(job: Job): void {
  if ((job.flags & ASIDE) != 0) tree.remove(restRoot(laneOf(job)), job);
  else beginMoveInOrder(job);
}

/** Corrects whatever pointed at a ready job, which has been moved here from `from`. */
export function endMove(tube: Tube, job: Job, from: u32): void {
  if ((job.flags & ASIDE) != 0) {
    setAside(laneOf(job), job);
    return;
  }
  if (hasKey(job)) laneOf(job).head = addressOfJob(job);
  endMoveInOrder(tube, job, from);
}
