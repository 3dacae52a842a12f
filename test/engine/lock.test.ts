import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { pause, until } from "../support/until.ts";
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

test("a lock that nobody gives back is found after its steps", () => {
  const shard = EngineShard.open();
  new Int32Array(shard.memory.buffer, C.SHARD_BASE)[0] = 1;
  expect(() => shard.raw(0).lockInSteps(1)).toThrow(WebAssembly.RuntimeError);
});

test("a lock that is known to be lost is waited for by nobody, and is not waited for any more", async () => {
  const shard = EngineShard.open({ threads: THREADS });
  const worker = start(shard, 1, new SharedArrayBuffer(THREADS * ROUNDS + 1));
  await once(worker, "online");
  const words = new Int32Array(shard.memory.buffer, C.SHARD_BASE);
  words[0] = 1;
  worker.postMessage("hammer");
  const died = once(worker, "error");
  await until("the worker sleeps on it", () => Atomics.load(words, 0) === 2);
  shard.raw(0).breakLock();
  expect((await died)[0]).toMatchObject({ name: "RuntimeError" });
  expect(() => shard.raw(0).lockInSteps(1000)).toThrow(WebAssembly.RuntimeError);
});

/** Longer than all steps of a lock that is lost. */
const FREEZE_MS = 32_000;

test(
  "a process that is frozen for longer than that while a thread waits for a lock goes on",
  { timeout: 120_000 },
  async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("frozen.ts", import.meta.url))], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("asleep");
    child.kill("SIGSTOP");
    await pause(FREEZE_MS);
    child.kill("SIGCONT");
    child.stdin.write("give it back\n");
    expect((await lines.next()).value).toBe("through");
  },
);
