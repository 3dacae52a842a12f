import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { EngineShard } from "./engine.ts";
import type { LockWorkerData } from "./lock-worker.ts";

const THREADS = 2;
const ROUNDS = 30_000;
const NOW = 1_700_000_000_000_000;

/** Starts a thread on the shard. */
function start(shard: EngineShard, thread: number, claims: SharedArrayBuffer): Worker {
  const workerData: LockWorkerData = {
    module: shard.module,
    memory: shard.memory,
    threads: THREADS,
    thread,
    rounds: ROUNDS,
    claims,
  };
  const worker = new Worker(new URL("lock-worker.ts", import.meta.url), { workerData });
  onTestFinished(async () => {
    await worker.terminate();
  });
  return worker;
}

/** Lets all threads do a phase at once; returns what each has put and deleted so far. */
async function together(
  workers: readonly Worker[],
  phase: "hammer" | "drain",
): Promise<{ put: number; deleted: number }[]> {
  const done = workers.map(async (worker) => (await once(worker, "message"))[0]);
  for (const worker of workers) worker.postMessage(phase);
  return await Promise.all(done);
}

test(
  "two threads hammer one shard: no job is lost, none is held twice, every invariant holds",
  { timeout: 120_000 },
  async () => {
    const shard = EngineShard.open({ threads: THREADS });
    const claims = new SharedArrayBuffer(THREADS * ROUNDS + 1);
    const workers = Array.from({ length: THREADS }, (_, t) => start(shard, t, claims));

    await together(workers, "hammer");
    shard.verify();
    // Whoever drains first may be granted what the second releases: twice over, one after the
    // other.
    const counts = await together(workers, "drain");

    shard.verify();
    const put = counts.reduce((sum, count) => sum + count.put, 0);
    const deleted = counts.reduce((sum, count) => sum + count.deleted, 0);
    const { figures = [] } = shard.statsShard(0, NOW);
    expect(put).toBeGreaterThan(ROUNDS / 4);
    expect(deleted).toBe(put);
    expect(figures[C.SHARD_TOTAL]).toBe(put);
    expect(figures.slice(C.SHARD_URGENT, C.SHARD_BURIED + 1)).toEqual([0, 0, 0, 0, 0]);
    expect(figures[C.SHARD_CONTENDED]).toBeGreaterThan(0);
  },
);
