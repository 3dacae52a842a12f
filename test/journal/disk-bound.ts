/*
 * DiskBound: a server that lives long, its queue filling and draining, and how much of the disk its
 * journal takes.
 */
import { randomFrom } from "../engine/shuffle.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import { keyRecordBytes, resultRecordBytes, recordBytes } from "./bodies.ts";
import { isResult } from "./ledger.ts";
import type { LedgerJob } from "./ledger.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

/** What was measured. */
export interface DiskUse {
  /**
   * Most bytes beyond 3 x live bytes + 4 segments, spares counted; at most 0 when the bound holds.
   */
  readonly overBytes: number;
  readonly rotations: number;
}

/** Runs `turns` turns of commands, each followed by the committer's. */
export function measureDisk(seed: number, turns: number): DiskUse {
  const random = randomFrom(seed);
  const options = {
    level: "sync",
    intervalMillis: 50,
    shards: 2,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: false,
    hasLongBodies: true,
    faults: NO_FAULTS,
  } as const;
  const world = new World(random, options);
  world.boot();
  const kept = world.clients.put(100, 0);
  const stays = world.ledger.jobs.get(kept);
  if (stays !== undefined) world.clients.bury(stays);
  let over = -Infinity;
  // What lives for the clients: a job is there until they hear that it was deleted, so until a
  // commit is over; then its key still may be.
  let liveBytes = 0;
  const { ledger } = world;
  const weigh = (): void => {
    over = Math.max(over, world.disk.bytes - 3 * liveBytes - 4 * SEGMENT_BYTES);
  };
  world.disk.onCall = weigh;
  for (let turn = 0; turn < turns; turn++) {
    const fills = turn % 400 < 200;
    const jobs = new Map(ledger.jobs);
    for (let left = 1 + random(12); left > 0 && world.hasRoom(); left--) {
      const [, job] = ledger.jobs.values(); // the first one stays
      if (job !== undefined && random(fills ? 3 : 1) === 0) world.clients.delete(job);
      else if (ledger.jobs.size < 1000) world.clients.put();
    }
    liveBytes = bytesOf(new Map([...jobs, ...ledger.jobs]), ledger.cooldowns);
    world.commit();
    weigh();
    liveBytes = bytesOf(ledger.jobs, ledger.cooldowns);
    weigh();
    for (let left = random(4); left > 0 && world.journal.maintain(); left--);
    weigh();
  }
  return { overBytes: over, rotations: world.journal.figures.currentSegment };
}

type Jobs = ReadonlyMap<number, LedgerJob>;

/** Bytes of the records of jobs, and of the keys that outlive theirs. */
function bytesOf(jobs: Jobs, cooldowns: Jobs): number {
  let bytes = 0;
  for (const job of jobs.values()) bytes += recordBytes(job);
  for (const [id, job] of cooldowns)
    bytes += isResult(id) ? resultRecordBytes(job.bodyBytes) : keyRecordBytes(job);
  return bytes;
}
