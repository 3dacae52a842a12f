/* Memory plan: how much of the machine's or the container's memory is for jobs.
 *
 * What the process itself needs comes off first. A shard's memory never becomes smaller: when tubes
 * of several shards are full one after another, each shard keeps pages that are in use nowhere. So
 * there are two bounds: what jobs may take at a time, and what the memories of all shards may grow
 * to, which keeps a process from being killed for what it once used. Made once, by
 * server/payload.ts; docs.ts tells it to users.
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

/** What there is, and what shares it. */
export interface MemorySituation {
  /** Bytes that the machine has, or that the process is confined to. */
  readonly availableBytes: number;
  readonly threads: number;
  readonly hasJournal: boolean;
  /** What --memory says. */
  readonly askedBytes: number | undefined;
}

export interface MemoryPlan {
  /** What the jobs of all shards may take at a time. */
  readonly memoryBytes: number;
  /** What the memories of all shards may grow to, together. */
  readonly growthBytes: number;
}

/** By default jobs may take half of what the process leaves: the rest is for what shards keep. */
export function planMemory(situation: MemorySituation): MemoryPlan {
  const { availableBytes, threads, hasJournal, askedBytes } = situation;
  const ownBytes = MAIN_BYTES + threads * THREAD_BYTES + (hasJournal ? JOURNAL_BYTES : 0);
  const leftBytes = availableBytes - ownBytes;
  const memoryBytes = Math.floor(
    askedBytes ?? Math.max(leftBytes / 2, availableBytes / LEAST_PART),
  );
  return { memoryBytes, growthBytes: Math.max(2 * memoryBytes, leftBytes) };
}
