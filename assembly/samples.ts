/* Samples: what a tube's last times were like: moving averages, the least and the most, and the
 * last thousand times that jobs were worked on.
 *
 * The averages follow the last ten or so: a tenth of each new time goes in. Times to process are
 * told apart into fast and slow ones, because the average of both says nothing about either; the
 * ring has slow ones as soon as there was one, and fast ones until then. A tube gets a record when
 * its first job is reserved, and the ring, of 4 bytes a time, grows as it fills: 16 times, 64, 256,
 * 1,000. Both stay inside the budget: where there is no memory, nothing is kept, or as much as
 * there is room for. All times are in microseconds and at least 1. Used by times.ts.
 */
import { FIXED, give, take } from "./memory";

@unmanaged
export class Samples {
  /** From the put to a reservation. */
  queue: f64;
  queueLeast: u64;
  queueMost: u64;
  queueCount: u64;
  /** From a reservation to the delete by its holder; that of `fast` until there was a slow one. */
  process: f64;
  processLeast: u64;
  processMost: u64;
  fast: f64;
  fastCount: u64;
  slow: f64;
  slowCount: u64;
  /** Address of the ring, 0 before the first time. */
  ring: u32;
  /** Times that the ring has room for. */
  room: u32;
  /** Times that it has. */
  count: u32;
  /** Where the next one goes. */
  next: u32;
}

/** What took so long was slow. */
const SLOW_MICROS: u64 = 100000;
const FIRST_ROOM: u32 = 16;
const MOST_ROOM: u32 = 1000;

/** A record without a time; 0 when there is no memory. */
export function makeSamples(): u32 {
  const at = take(FIXED, offsetof<Samples>(), false);
  if (at != 0) memory.fill(at, 0, offsetof<Samples>());
  return at;
}

export function samplesAt(address: u32): Samples {
  return changetype<Samples>(<usize>address);
}

/** Gives back a record with its ring. */
export function dropSamples(samples: Samples): void {
  dropRing(samples);
  give(<u32>changetype<usize>(samples));
}

/** The moving average with one more time; 0 is none yet, because no time is. */
function averageWith(average: f64, time: f64): f64 {
  return average == 0 ? time : 0.1 * time + 0.9 * average;
}

/** A job was reserved so long after its put. */
export function addQueued(samples: Samples, micros: u64): void {
  const time = max<u64>(micros, 1);
  samples.queue = averageWith(samples.queue, <f64>(<i64>time));
  if (time - 1 < samples.queueLeast - 1) samples.queueLeast = time; // 0 is none yet
  if (time > samples.queueMost) samples.queueMost = time;
  samples.queueCount++;
}

/** A job was deleted so long after it was reserved, by who held it. */
export function addProcessed(samples: Samples, micros: u64): void {
  const time = max<u64>(micros, 1);
  if (time - 1 < samples.processLeast - 1) samples.processLeast = time;
  if (time > samples.processMost) samples.processMost = time;
  if (time >= SLOW_MICROS) {
    addSlow(samples, time);
    return;
  }
  samples.fast = averageWith(samples.fast, <f64>(<i64>time));
  samples.fastCount++;
  if (samples.slowCount == 0) remember(samples, <u32>time);
  else samples.process = averageWith(samples.process, <f64>(<i64>time));
}

function addSlow(samples: Samples, time: u64): void {
  if (samples.slowCount == 0) {
    samples.process = samples.fast;
    samples.count = samples.next = 0;
  }
  samples.process = averageWith(samples.process, <f64>(<i64>time));
  samples.slow = averageWith(samples.slow, <f64>(<i64>time));
  samples.slowCount++;
  remember(samples, <u32>min<u64>(time, u32.MAX_VALUE));
}

/** The moving average of all times to process. */
export function paceOf(samples: Samples): f64 {
  return samples.slowCount == 0 ? samples.fast : samples.process;
}

function remember(samples: Samples, micros: u32): void {
  if (samples.next == samples.room && !makeRoom(samples)) return;
  store<u32>(<usize>samples.ring + ((<usize>samples.next) << 2), micros);
  samples.next++;
  if (samples.count < samples.next) samples.count = samples.next;
}

/**
 * The ring is written to its end: it grows, or begins anew. False when there is no ring at all.
 * Only here are its times in their order, so only here it can grow.
 */
function makeRoom(samples: Samples): bool {
  const room = samples.room;
  const wanted = room == 0 ? FIRST_ROOM : min(room << 2, MOST_ROOM);
  const at = wanted == room ? 0 : take(FIXED, wanted << 2, false);
  if (at != 0) {
    memory.copy(at, samples.ring, room << 2);
    dropRing(samples);
    samples.ring = at;
    samples.room = wanted;
  } else {
    samples.next = 0;
  }
  return samples.room != 0;
}

function dropRing(samples: Samples): void {
  if (samples.ring != 0) give(samples.ring);
}
