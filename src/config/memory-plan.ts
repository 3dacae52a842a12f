/* Memory plan: how much of the machine's or the container's memory is for jobs, and how many
 * threads and shards there is room for.
 *
 * What the process itself needs comes off first. A shard's memory never becomes smaller: when tubes
 * of several shards are full one after another, each shard keeps pages that are in use nowhere. So
 * there are two bounds: what jobs may take at a time, and what the memories of all shards may grow
 * to, which keeps a process from being killed for what it once used. Used at the start, by
 * server/sizing.ts (threads) and broker/payload.ts; docs.ts tells it to users.
 */

const MIB = 1_048_576;
/*
 * Measured with Node 26 in a memory cgroup, without a job, at rest and after a flood: 75 and 85 MB
 * with one thread, 105 and 125 MB with two; 50 MB more with a journal, whose rings are in it.
 */
export const MAIN_BYTES = 64 * MIB;
export const THREAD_BYTES = 32 * MIB;
export const JOURNAL_BYTES = 56 * MIB;
/**
 * Jobs have at least one part in so many of what there is, even if the process would need all of
 * it.
 */
export const LEAST_PART = 32;
/** By default threads leave one part in so many for what memories may grow to. */
export const ROOM_PART = 4;
/** Growth that each shard has at least: with less in all there are fewer shards. */
export const SHARD_BYTES = 128 * MIB;
/** Shards for each thread: two threads seldom want the same one then. */
export const SHARDS_PER_THREAD = 4;
/** Most shards unless more are asked for. */
export const SHARDS_DEFAULT_MAX = 32;

/** By default what a journal's jobs need beside their bodies may take one part in so many. */
export const INDEX_PART = 4;
/** Bodies of a shard that were read back have one part in so many of its share, within bounds. */
const BROUGHT_PART = 4;
const BROUGHT_LEAST_BYTES = 2 * MIB;
const BROUGHT_MOST_BYTES = 64 * MIB;

/** What there is, and what shares it. */
export interface MemorySituation {
  /** Bytes that the machine has, or that the process is confined to. */
  readonly availableBytes: number;
  readonly threads: number;
  readonly hasJournal: boolean;
  /** What --memory says. */
  readonly askedBytes: number | undefined;
  /** What --max-index says; without a journal it means nothing. */
  readonly askedIndexBytes: number | undefined;
}

export interface MemoryPlan {
  /** What the jobs of all shards may take at a time; with a journal, their bodies. */
  readonly memoryBytes: number;
  /** What jobs with a journal may take beside their bodies; 0 without one. */
  readonly indexBytes: number;
  /** What the memories of all shards may grow to, together. */
  readonly growthBytes: number;
}

/**
 * By default jobs may take half of what the process leaves, and with a journal their bodies half
 * and the rest of them a part of the other half: what is left over is for what shards keep. What
 * is asked for is not changed, and what is not asked for takes none of it.
 */
export function planMemory(situation: MemorySituation): MemoryPlan {
  const { availableBytes, threads, hasJournal, askedBytes, askedIndexBytes } = situation;
  const leftBytes = availableBytes - ownBytes(threads, hasJournal);
  const leastBytes = availableBytes / LEAST_PART;
  const besideIndex = leftBytes - (hasJournal ? (askedIndexBytes ?? 0) : 0);
  const memoryBytes = Math.floor(
    askedBytes ?? Math.max(leastBytes, Math.min(leftBytes / 2, besideIndex)),
  );
  const besideBodies = Math.min(availableBytes / INDEX_PART, leftBytes - memoryBytes);
  const wantedIndex = Math.floor(askedIndexBytes ?? Math.max(leastBytes, besideBodies));
  const indexBytes = hasJournal ? wantedIndex : 0;
  const growthBytes = Math.max(2 * memoryBytes, memoryBytes + indexBytes, leftBytes);
  return { memoryBytes, indexBytes, growthBytes };
}

/** The most threads, up to `most` and 1 at least, that leave a good part for jobs. */
export function fittingThreads(most: number, availableBytes: number, hasJournal: boolean): number {
  const ownMost = availableBytes - availableBytes / ROOM_PART;
  const threads = Math.floor((ownMost - ownBytes(0, hasJournal)) / THREAD_BYTES);
  return Math.max(1, Math.min(most, threads));
}

/**
 * What the process needs with the jobs that are asked for, or else with the least part of jobs.
 * With a journal that is both: their bodies, and what they take beside.
 */
export function neededBytes(situation: MemorySituation): number {
  const { availableBytes, threads, hasJournal, askedBytes, askedIndexBytes } = situation;
  const leastBytes = availableBytes / LEAST_PART;
  const ofIndex = hasJournal ? (askedIndexBytes ?? leastBytes) : 0;
  const ofJobs =
    askedBytes === undefined
      ? Math.max(2 * leastBytes, leastBytes + ofIndex)
      : askedBytes + ofIndex;
  return ownBytes(threads, hasJournal) + ofJobs;
}

/**
 * Shards unless so many are asked for: one for one thread, or for a program that serves itself
 * without any, which then never has to look for it; otherwise a power of two, some for each thread.
 * Where memories may not grow much there are fewer, so that the growth of one is not kept from the
 * others; two can each grow to one half of it, which without a journal is by default all that jobs
 * may take.
 */
export function defaultShards(threads: number, growthBytes: number): number {
  if (threads <= 1) return 1;
  const wanted = 2 ** Math.ceil(Math.log2(threads * SHARDS_PER_THREAD));
  const fitting = 2 ** Math.floor(Math.log2(growthBytes / SHARD_BYTES));
  return Math.min(wanted, SHARDS_DEFAULT_MAX, Math.max(2, fitting));
}

function ownBytes(threads: number, hasJournal: boolean): number {
  return MAIN_BYTES + threads * THREAD_BYTES + (hasJournal ? JOURNAL_BYTES : 0);
}

/** Of what bodies may take in memory. */
export interface BodyPlan {
  /** Above so many bytes in all shards, those that were just written leave memory. */
  readonly keptBytes: number;
  /** Above so many in each shard that were read back, the first of them leave. */
  readonly broughtBytes: number;
}

/** How bodies share `memoryBytes`: a part of it is for those that are read back. */
export function planBodies(memoryBytes: number, shards: number): BodyPlan {
  const share = memoryBytes / shards / BROUGHT_PART;
  const broughtBytes = Math.min(BROUGHT_MOST_BYTES, Math.max(BROUGHT_LEAST_BYTES, share));
  return {
    keptBytes: Math.max(memoryBytes / 2, memoryBytes - shards * broughtBytes),
    broughtBytes,
  };
}
