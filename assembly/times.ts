/* Times: how long jobs stood ready before they were reserved, and how long they were then held: two
 * histograms.
 *
 *   | 28 counts u64 | sum u64 |   time in queue: from becoming ready to the reserve that got it
 *   | 28 counts u64 | sum u64 |   time to process: from that reserve to the delete, release or
 *                                 bury that ended it
 *
 * Bucket i counts what took less than 2^(9 + i) microseconds and belongs in no lower one; the last
 * takes the rest. Counts and sums have 64 bits and never wrap. The shard has one pair, in its
 * header; a tube gets one when its first job is reserved and gives it back when it goes. That
 * memory is `vital`, since a reserve must not fail and there is one pair a tube; when there is none
 * even so, a reservation is counted without its time in queue, and a time to process in the shard
 * alone. A job needs no room for this. Ready, its deadline holds the moment since when (nothing
 * else looks at it there); held, the moment of the reserve is its deadline less its TTR, until a
 * touch moves the deadline and writes the moment down in the job's cold record.
 */
import { SHARD_TIMES_OFFSET, STATE_RESERVED } from "./constants";
import { SHARD_BASE, TIME_BUCKETS, TIME_FIRST_BITS } from "./constants";
import { Job, TOUCHED, coldAt, coldOf } from "./job";
import { FIXED, take } from "./memory";
import { addProcessed, addQueued, makeSamples, samplesAt } from "./samples";
import { shard } from "./shard";
import { Tube, tubeAt } from "./tube";

/** Bytes of one histogram. */
export const HISTOGRAM_BYTES: u32 = TIME_BUCKETS * 8 + 8;
/** Bytes of both histograms. */
export const TIMES_BYTES: u32 = 2 * HISTOGRAM_BYTES;

const QUEUE: usize = 0;
const PROCESS: usize = HISTOGRAM_BYTES;
const SUM: usize = TIME_BUCKETS * 8;

/** Address of the shard's own pair. */
export function shardTimes(): usize {
  return SHARD_BASE + SHARD_TIMES_OFFSET;
}

/** Where in a histogram the count for `micros` stands. */
function placeOf(micros: u64): usize {
  const least: u64 = (1 << TIME_FIRST_BITS) - 1;
  const above = 64 - TIME_FIRST_BITS - <u32>clz<u64>(micros | least);
  return (<usize>min(above, TIME_BUCKETS - 1)) << 3;
}

function add(histogram: usize, place: usize, micros: u64): void {
  store<u64>(histogram + place, load<u64>(histogram + place) + 1);
  store<u64>(histogram, load<u64>(histogram, SUM) + micros, SUM);
}

function takeAway(histogram: usize, place: usize, micros: u64): void {
  store<u64>(histogram + place, load<u64>(histogram + place) - 1);
  store<u64>(histogram, load<u64>(histogram, SUM) - micros, SUM);
}

function record(tube: Tube, which: usize, micros: u64): void {
  const place = placeOf(micros);
  add(shardTimes() + which, place, micros);
  if (tube.times == 0 && !open(tube)) return;
  add(<usize>tube.times + which, place, micros);
}

/**
 * Microseconds from one moment to another, by the clocks of two threads that may differ by a
 * little.
 */
function between(since: u64, now: u64): u64 {
  return now > since ? now - since : 0;
}

function open(tube: Tube): bool {
  const at = take(FIXED, TIMES_BYTES, true);
  if (at == 0) return false;
  memory.fill(at, 0, TIMES_BYTES);
  tube.times = at;
  return true;
}

/**
 * A job of `tube` that was ready since `since` was reserved at `now`. False when there was no
 * memory for that time, and only the reservation is counted.
 */
export function queued(tube: Tube, job: Job, since: u64, now: u64): bool {
  sampleAge(tube, job, now);
  if (tube.times == 0 && !open(tube)) {
    countOther(tube);
    return false;
  }
  record(tube, QUEUE, between(since, now));
  return true;
}

/** A job of `tube` was reserved that was not ready. */
export function reservedOtherwise(tube: Tube, job: Job, now: u64): void {
  sampleAge(tube, job, now);
  countOther(tube);
}

function countOther(tube: Tube): void {
  tube.otherReserves++;
  shard().otherReserves++;
}

/** The time from the job's put to a reservation. */
function sampleAge(tube: Tube, job: Job, now: u64): void {
  if (tube.samples == 0) tube.samples = makeSamples();
  if (tube.samples == 0) return;
  const created = job.createdMicros; // may be before the engine's clock began
  addQueued(samplesAt(tube.samples), <i64>now > created ? <u64>(<i64>now - created) : 0);
}

/** That reservation, whose time was counted, is undone. */
export function unqueued(tube: Tube, since: u64, now: u64): void {
  const micros = between(since, now);
  const place = placeOf(micros);
  takeAway(shardTimes() + QUEUE, place, micros);
  takeAway(<usize>tube.times + QUEUE, place, micros);
}

/** How many times a histogram has counted. */
export function timesIn(histogram: usize): u64 {
  let sum: u64 = 0;
  for (let i: usize = 0; i < SUM; i += 8) sum += load<u64>(histogram + i);
  return sum;
}

/** Reservations of jobs of the tube, and of the shard. */
export function reservesOf(tube: Tube): u64 {
  return tube.otherReserves + (tube.times == 0 ? 0 : timesIn(<usize>tube.times + QUEUE));
}

export function shardReserves(): u64 {
  return shard().otherReserves + timesIn(shardTimes() + QUEUE);
}

/** When a reserved job was reserved, or last touched. */
export function reservedAt(job: Job): u64 {
  return job.major - <u64>job.ttrSeconds * 1000000;
}

/** When a reserved job was reserved, whether it was touched since or not. */
export function heldSince(job: Job): u64 {
  return (job.flags & TOUCHED) == 0 ? reservedAt(job) : coldAt(job.cold).reservedMicros;
}

/** A reserved job is about to be released or buried by its holder. */
export function processed(job: Job, now: u64): void {
  record(tubeAt(job.tube), PROCESS, between(heldSince(job), now));
}

/** A job is about to be deleted, if it is reserved by its holder. */
export function deleted(job: Job, now: u64): void {
  if (job.state != STATE_RESERVED) return;
  const tube = tubeAt(job.tube);
  const micros = between(heldSince(job), now);
  record(tube, PROCESS, micros);
  if (tube.samples != 0) addProcessed(samplesAt(tube.samples), micros);
}

/**
 * The deadline of a reserved job is about to move: remembers when it was reserved. Without memory
 * for that, the touch counts as the reserve.
 */
export function touched(job: Job): void {
  if ((job.flags & TOUCHED) != 0) return;
  const cold = coldOf(job);
  if (cold == 0) return;
  coldAt(cold).reservedMicros = reservedAt(job);
  job.flags |= TOUCHED;
}
