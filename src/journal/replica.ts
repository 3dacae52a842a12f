/* Replica: an engine of one's own into which a journal is replayed to look at it, beside any
 * server.
 *
 * Used by `homemaker verify` and `homemaker import`: what they say about a journal is what a server
 * would find in it.
 */

import * as C from "../../assembly/constants.ts";
import {
  keepFailures,
  makeShards,
  openJournals,
  openShards,
  ringBytesFor,
} from "../engine/shards.ts";
import type { Checksum } from "./format.ts";
import { checksumThrough, JournalShard } from "./journal-shard.ts";

/** Shards that are empty, and the checksum that goes with them. */
export interface Replica {
  readonly shards: readonly JournalShard[];
  readonly checksum: Checksum;
}

/** Jobs by state. */
export interface JobCounts {
  readonly ready: number;
  readonly delayed: number;
  readonly buried: number;
}

/** Memory that a shard can have at most. */
const SHARD_BYTES_MAX = 4 * 2 ** 30;

/**
 * Makes an engine of `count` shards (a power of two) whose time 0 is the moment `wallMicros`, in
 * microseconds since 1970.
 */
export function openReplica(
  engine: WebAssembly.Module,
  count: number,
  wallMicros: number,
): Replica {
  const ringBytes = ringBytesFor(1);
  const made = makeShards(engine, count, 1, count * SHARD_BYTES_MAX, ringBytes);
  keepFailures(made, C.FAILURES_KEPT_MAX); // whatever a server keeps
  openJournals(made, { wallBaseMicros: wallMicros, keepsReleases: false });
  const handles = openShards(made, 0);
  const shards = made.memories.flatMap((memory, index) => {
    const handle = handles[index];
    return handle === undefined ? [] : [new JournalShard(handle, memory, ringBytes)];
  });
  return { shards, checksum: checksumThrough(shards) };
}

/** The failures that the jobs of all shards keep. */
export function countFailures({ shards }: Replica): number {
  return shards.reduce((sum, { shard }) => {
    shard.statsShard(0);
    return sum + shard.field(C.RESULT_STATS + C.SHARD_FAILURES_KEPT);
  }, 0);
}

/** The jobs of all shards at the replica's time 0. */
export function countJobs({ shards }: Replica): JobCounts {
  const figures = shards.map(({ shard }) => {
    shard.statsShard(0);
    const figure = (which: number): number => shard.field(C.RESULT_STATS + which);
    return {
      ready: figure(C.SHARD_READY),
      delayed: figure(C.SHARD_DELAYED),
      buried: figure(C.SHARD_BURIED),
    };
  });
  const sum = (which: keyof JobCounts): number => figures.reduce((all, one) => all + one[which], 0);
  return { ready: sum("ready"), delayed: sum("delayed"), buried: sum("buried") };
}
