/* Tube: a named queue of this shard, and the table that finds it by name.
 *
 * A tube exists while a job, a user, a watcher or a key's cooldown refers to it, while something is
 * set for it (settings.ts), or while it is pinned ("default").
 * Its Node is the shard's timer for it (major = the next time to look at its delays and its pause)
 * and its entry in the table of names (minor = hash of the name). `ready` is a second node: the
 * tube's place among all watched tubes that have a job to give, by (pri, id) of that job.
 */
import { TUBE_NAME_MAX } from "./constants";
import { Node } from "./node";
import { FIXED, give, take } from "./memory";
import { dropSamples, samplesAt } from "./samples";
import { must, shard, tubesByName } from "./shard";
import * as table from "./table";
import * as timers from "./timers";

@unmanaged
export class Tube extends Node {
  /* The second node, by its parts (offset 32). */
  readyLeft: u32;
  readyRight: u32;
  readyParent: u32;
  readyChain: u32;
  readyPri: u64;
  readyId: u64;
  /** Both in one word, for those who look without the lock (ready.ts); 0: nothing to be taken. */
  head: u64;

  createdNumber: u64;
  totalJobs: u64;
  deletes: u64;
  pauses: u64;
  pauseMicros: u64;
  /** End of the pause; 0 when there is none. */
  pausedUntil: u64;
  /** Of totalJobs and deletes, what an earlier process counted. */
  earlierJobs: u64;
  earlierDeletes: u64;
  /** Since the start: reserves of jobs that were not ready. The others are in `times`. */
  otherReserves: u64;
  /** Since the start, as TUBE_RELEASES and so on in constants.ts. */
  releases: u64;
  buries: u64;
  kicks: u64;
  touches: u64;
  timeouts: u64;
  losses: u64;
  moves: u64;
  deadLetters: u64;
  /** The oldest ready job that is known, 0 when none is. */
  oldestId: u64;
  /** The pri at which the search for an older one goes on (ages.ts). */
  lookPri: u64;
  /** Of the bodies of its jobs. */
  bytes: u64;

  /** Tree of buckets by pri. */
  buckets: u32;
  /** First bucket of the tree. */
  firstBucket: u32;
  /** The bucket that was used last. */
  lastBucket: u32;
  /** An empty bucket, kept for the next new pri. */
  spareBucket: u32;
  /** The best ready job, 0 when there is none. */
  best: u32;
  delayedTree: u32;
  /** Tree of its lanes by their names (lanes.ts). */
  lanes: u32;
  /** Tree of its shares (shares.ts). */
  shares: u32;
  buriedHead: u32;
  buriedTail: u32;
  waitHead: u32;
  waitTail: u32;
  /** Keys in their cooldown, in the order in which they came to it (keys.ts). */
  coolingHead: u32;
  coolingTail: u32;

  urgent: u32;
  ready: u32;
  reserved: u32;
  delayed: u32;
  buried: u32;
  /** Of those delayed: how many wait for a group, without an end. */
  parked: u32;
  using: u32;
  watching: u32;
  waiting: u32;

  /** The next of the tubes that are to be offered, while a group is opened (jobgroups.ts). */
  nextOpened: u32;

  /** All tubes of the shard, in the order in which they were made. */
  nextTube: u32;
  prevTube: u32;
  /** Its histograms, 0 when it has none yet (times.ts). */
  times: u32;
  /** Averages of its last times, 0 when it has none yet (samples.ts). */
  samples: u32;
  /** What is set for it, 0 when nothing is (settings.ts). */
  settings: u32;
  /** Why it hands out nothing for the time being: SHUT_BY_*; 0 when it does. */
  shut: u8;
  pinned: u8;
  /** Stands in the tree of ready tubes; stands in the timers. */
  listed: u8;
  timed: u8;
  nameBytes: u8;
  /** Jobs of one priority are handed out in fair order. */
  isFair: u8;
  /** Stands among the tubes that are to be offered. */
  isOpened: u8;
}

const NAME_OFFSET: u32 = offsetof<Tube>();
const READY_NODE: usize = offsetof<Tube>("readyLeft");

export function tubeAt(address: u32): Tube {
  return changetype<Tube>(<usize>address);
}

export function addressOfTube(tube: Tube): u32 {
  return <u32>changetype<usize>(tube);
}

export function nameOf(tube: Tube): usize {
  return changetype<usize>(tube) + NAME_OFFSET;
}

/** The node by which the tube stands among the ready tubes, and the way back. */
export function readyNode(tube: Tube): Node {
  return changetype<Node>(changetype<usize>(tube) + READY_NODE);
}

export function tubeOfReadyNode(node: u32): Tube {
  return changetype<Tube>(<usize>node - READY_NODE);
}

/**
 * What decides which shard a name belongs to: FNV-1a, folded; the host has the same
 * (src/engine/shards.ts).
 */
export function nameHash(name: usize, bytes: u32): u32 {
  const h = fnv(name, bytes);
  return h ^ (h >>> 16);
}

/** The same of the name of a tube. */
export function ownHash(tube: Tube): u32 {
  return nameHash(nameOf(tube), tube.nameBytes);
}

function fnv(name: usize, bytes: u32): u32 {
  let h: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < bytes; ++i) h = (h ^ load<u8>(name + i)) * 0x01000193;
  return h;
}

/** The hash for the table: finalized anew, because the low bits have already chosen the shard. */
function hashOf(name: usize, bytes: u32): u32 {
  let h = fnv(name, bytes);
  h = (h ^ (h >>> 16)) * 0x85ebca6b;
  return h ^ (h >>> 13);
}

/** The tube of that name, or 0. */
export function findTube(name: usize, bytes: u32): u32 {
  const hash = hashOf(name, bytes);
  let at = table.bucket(tubesByName(), hash);
  while (at != 0) {
    const tube = tubeAt(at);
    if (
      <u32>tube.minor == hash &&
      tube.nameBytes == bytes &&
      memory.compare(nameOf(tube), name, bytes) == 0
    )
      return at;
    at = tube.chain;
  }
  return 0;
}

/**
 * The tube of that name, made if need be; `number` orders tubes by when they were made, 0 makes
 * none. 0 when there is none.
 */
export function findOrMakeTube(name: usize, bytes: u32, number: u64): u32 {
  must(bytes - 1 < TUBE_NAME_MAX);
  const found = findTube(name, bytes);
  if (found != 0 || number == 0) return found;
  const at = take(FIXED, NAME_OFFSET + bytes, true);
  if (at == 0) return 0;
  memory.fill(at, 0, NAME_OFFSET);
  const tube = tubeAt(at);
  tube.major = u64.MAX_VALUE;
  tube.minor = <u64>hashOf(name, bytes);
  tube.createdNumber = number;
  tube.nameBytes = <u8>bytes;
  memory.copy(nameOf(tube), name, bytes);
  table.add(tubesByName(), tube);
  link(tube);
  return at;
}

/**
 * Puts a tube into the list, which is in the order of the numbers. They are given out before the
 * lock is taken, so some with higher ones may stand there already: very few.
 */
function link(tube: Tube): void {
  const s = shard();
  let before = s.tubesTail;
  while (before != 0 && tubeAt(before).createdNumber > tube.createdNumber) {
    before = tubeAt(before).prevTube;
  }
  const behind = before == 0 ? s.tubesHead : tubeAt(before).nextTube;
  tube.prevTube = before;
  tube.nextTube = behind;
  if (before == 0) s.tubesHead = addressOfTube(tube);
  else tubeAt(before).nextTube = addressOfTube(tube);
  if (behind == 0) s.tubesTail = addressOfTube(tube);
  else tubeAt(behind).prevTube = addressOfTube(tube);
  s.tubes++;
}

/**
 * Forgets the tube when nothing refers to it any more. Call it last: the tube may be gone
 * afterwards.
 */
export function forgetIfUnused(tube: Tube): void {
  if ((tube.using | tube.settings) != 0) return; // nearly always
  if ((tube.watching | tube.ready | tube.reserved | tube.delayed | tube.buried | tube.pinned) != 0)
    return;
  if (tube.coolingHead != 0) return;
  must(
    tube.waitHead == 0 &&
      tube.buckets == 0 &&
      tube.lanes == 0 &&
      tube.shares == 0 &&
      tube.delayedTree == 0 &&
      tube.buriedHead == 0 &&
      tube.bytes == 0 &&
      tube.listed == 0,
  );
  timers.stop(tube, tube.timed);
  table.drop(tubesByName(), tube);
  const s = shard();
  if (tube.prevTube != 0) tubeAt(tube.prevTube).nextTube = tube.nextTube;
  else s.tubesHead = tube.nextTube;
  if (tube.nextTube != 0) tubeAt(tube.nextTube).prevTube = tube.prevTube;
  else s.tubesTail = tube.prevTube;
  s.tubes--;
  if (tube.spareBucket != 0) give(tube.spareBucket);
  if (tube.times != 0) give(tube.times);
  if (tube.samples != 0) dropSamples(samplesAt(tube.samples));
  give(addressOfTube(tube));
}

/** Sees to it that the tube is looked at no later than `due`. */
export function watchClock(tube: Tube, due: u64): void {
  if (tube.timed == 0 || due < tube.major) {
    timers.stop(tube, tube.timed);
    timers.start(tube, due);
    tube.timed = 1;
  }
}

export function isPaused(tube: Tube): bool {
  return tube.pausedUntil != 0;
}

/* Why a tube is shut: it hands out nothing to a plain reserve, whatever stands ready. */
export const SHUT_BY_RATE: u8 = 1;
export const SHUT_BY_RESERVED: u8 = 2;
export const SHUT_BY_PAUSE: u8 = 4;
