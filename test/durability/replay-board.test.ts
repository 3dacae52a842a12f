/*
 * Recovery by several threads: they bring back what one thread brings back, and they do take part.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import {
  makeShards,
  openJournals,
  openShards,
  ringBytesFor,
  shardOfTube,
} from "../../src/engine/shards.ts";
import type { ShardMemories } from "../../src/engine/shards.ts";
import type { Checksum } from "../../src/journal/format.ts";
import { CommitState } from "../../src/journal/commit-state.ts";
import { Journal } from "../../src/journal/journal.ts";
import { JournalShard } from "../../src/journal/journal-shard.ts";
import { recover } from "../../src/journal/recovery.ts";
import type { Recovered } from "../../src/journal/recovery-parts.ts";
import type { Workforce } from "../../src/journal/replay.ts";
import { EngineShard } from "../engine/engine.ts";
import { loadVerifyModule } from "../engine/verify-build.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import type { ReplayThreadSeed } from "./replay-thread.ts";
import { createCommon, replayBoardOf } from "../../src/broker/boards.ts";

const HELPERS = 2;
const SHARDS = 8;
const JOBS = 60_000;
const SEGMENT_BYTES = 4 * 1_048_576;
/** How long the recovery may wait for a thread to help. */
const PATIENCE_MS = 60_000;

/** Shards of a server that has `HELPERS` I/O threads; the committer's is the last. */
class Server {
  readonly memories: ShardMemories;
  readonly shards: readonly JournalShard[];

  constructor(count: number) {
    const ringBytes = ringBytesFor(HELPERS + 1);
    this.memories = makeShards(loadEngineModule(), count, HELPERS + 1, 2 ** 32, ringBytes);
    openJournals(this.memories, { wallBaseMicros: 0, keepsReleases: false });
    this.shards = openShards(this.memories, HELPERS).map((shard, at) => {
      const memory = this.memories.memories[at] ?? new WebAssembly.Memory({ initial: 1 });
      return new JournalShard(shard, memory, ringBytes);
    });
  }

  readonly checksum: Checksum = (seed, bytes) => {
    const shard = this.shards[0]?.shard;
    if (shard === undefined) return 0;
    shard.staging.set(bytes);
    return shard.checksum(seed, shard.stagingAddress, bytes.length) >>> 0;
  };

  recover(storage: SimulatedDisk, workforce?: Workforce): Recovered {
    const { shards, checksum } = this;
    const parts = { storage, shards, checksum, now: 0, strict: true, progress: () => undefined };
    return recover({ ...parts, ...(workforce && { workforce }) });
  }

  /** What there is of each job, and the order of the ready ones. */
  jobs(): readonly string[] {
    const found: string[] = [];
    for (const { shard } of this.shards) {
      for (let id = 1; id <= JOBS; id++) {
        if (shard.statsJob(id, 0) !== C.DONE) continue;
        const state = shard.field(C.RESULT_STATS + C.JOB_STATE);
        const pri = shard.field(C.RESULT_STATS + C.JOB_PRI);
        shard.peek(id, 0);
        const bytes = shard.field(C.RESULT_BODY_BYTES);
        found.push(`${shard.index}: ${id} ${state} ${pri} ${bytes} ${shard.output[bytes - 1]}`);
      }
    }
    return found;
  }
}

/** A journal with puts, buries, kicks and deletes in 24 tubes. */
function writeJournal(): SimulatedDisk {
  const disk = new SimulatedDisk(randomFrom(1));
  const server = new Server(SHARDS);
  const journal = new Journal({
    storage: disk,
    shards: server.shards,
    options: { level: "os", intervalMillis: 50, segmentBytes: SEGMENT_BYTES, comingBytes: 0 },
    checksum: server.checksum,
    wallMicros: () => 0,
    state: new CommitState(),
    monotonicMillis: () => performance.now(),
    random: () => 7,
    publish: () => undefined,
    ...server.recover(disk),
  });
  const random = randomFrom(2);
  const tubes = server.shards.flatMap(({ shard }) => {
    shard.openConn(0);
    const conn = shard.field(C.RESULT_REF);
    return ["a", "b", "c"].map((name) => {
      // The hash of a name decides on its shard: look for one that belongs here.
      const bytes = nameFor(name, shard.index);
      shard.input.set(bytes);
      shard.useTube(0, bytes.length, 1);
      return { shard, conn, tube: shard.field(C.RESULT_REF) };
    });
  });
  for (let id = 1; id <= JOBS; id++) {
    const place = tubes[random(tubes.length)];
    if (place === undefined) break;
    const { shard, conn, tube } = place;
    const bytes = 1 + random(200);
    const given = server.shards[0]?.shard.nextId() ?? 0;
    shard.input.fill(id % 251, 0, bytes);
    const pri = random(5);
    const put = (): number => shard.put(tube, given, pri, 0, 60, 0, bytes, id);
    if (put() === C.OUT_OF_MEMORY && shard.growBudget()) put();
    const older = 1 + random(id);
    shard.reserveJob(conn, older, id);
    if (random(3) === 0) shard.bury(conn, older, 9, 0, id);
    else if (random(2) === 0) shard.deleteJob(conn, older, id);
    else shard.kickJob(older, id);
    if (id % 500 === 0) journal.commit();
  }
  journal.close();
  return disk;
}

function nameFor(name: string, shard: number): Uint8Array {
  for (let at = 0; ; at++) {
    const bytes = Buffer.from(`${name}${at}`);
    if (shardOfTube(bytes, 0, bytes.length, SHARDS) === shard) return bytes;
  }
}

/**
 * The same workforce, in which the recovery leaves the first batches to those who help, until one
 * has replayed something: else it may be through before another thread has begun.
 */
function heldBack(workforce: Workforce, helped: Int32Array<SharedArrayBuffer>): Workforce {
  let isOffered = false;
  return {
    start: (one, batch) => {
      isOffered = true;
      workforce.start(one, batch);
    },
    finish: (one) => {
      if (isOffered) Atomics.wait(helped, 0, 0, PATIENCE_MS);
      return workforce.finish(one);
    },
  };
}

/** Recovers with the help of threads; returns how many batches one of them replayed at most. */
async function helpedRecovery(
  server: Server,
  disk: SimulatedDisk,
): Promise<{ readonly recovered: Recovered; readonly batches: number }> {
  const common = createCommon(HELPERS);
  const helping = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: HELPERS }, (_, thread) => {
    const workerData: ReplayThreadSeed = {
      common: common.buffer,
      memories: server.memories,
      thread,
      helped: helping,
    };
    return new Worker(new URL("./replay-thread.ts", import.meta.url), { workerData });
  });
  await Promise.all(workers.map(async (worker) => once(worker, "message"))); // ready
  const helped = workers.map(async (worker) => (await once(worker, "message"))[0] as number);
  const workforce = replayBoardOf(common).workforce(server.shards);
  const recovered = server.recover(disk, heldBack(workforce, helping));
  replayBoardOf(common).end();
  return { recovered, batches: Math.max(...(await Promise.all(helped))) };
}

test.for([SHARDS, 4])(
  "threads that help bring back what one thread does (%i shards)",
  { timeout: 120_000 },
  async (count) => {
    const disk = writeJournal();
    const alone = new Server(count);
    const expected = alone.recover(disk.copy(randomFrom(3)));
    const server = new Server(count);
    const { recovered, batches } = await helpedRecovery(server, disk.copy(randomFrom(3)));
    expect(recovered.report).toEqual(expected.report);
    expect(server.jobs()).toEqual(alone.jobs());
    for (const memory of server.memories.memories) {
      new EngineShard(loadVerifyModule(), memory, HELPERS + 1).verify();
    }
    expect(expected.report.segments).toBeGreaterThan(2);
    expect(batches).toBeGreaterThan(0);
  },
);
