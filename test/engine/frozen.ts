/*
 * Frozen: a process of its own in which a thread waits for a shard's lock that another has, for a
 * test to freeze it. It prints "asleep", then gives the lock back when told anything, and prints
 * what became of the thread.
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { SHARD_BASE } from "../../assembly/constants.ts";
import { EngineShard } from "./engine.ts";

const NOW = 1_700_000_000_000_000;
const THREADS = 2;
/* Values of the lock. */
const FREE = 0;
const TAKEN = 1;
const SLEPT_ON = 2;

interface WaiterSeed {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

async function holdAndGiveBack(): Promise<void> {
  const { module, memory } = EngineShard.open({ threads: THREADS });
  const lock = new Int32Array(memory.buffer, SHARD_BASE, 1);
  Atomics.store(lock, 0, TAKEN);
  const worker = new Worker(new URL(import.meta.url), { workerData: { module, memory } });
  const became = Promise.race([
    once(worker, "message").then(() => "through"),
    once(worker, "error").then(([error]) => `failed: ${String(error)}`),
  ]);
  while (Atomics.load(lock, 0) !== SLEPT_ON) await new Promise((resolve) => setImmediate(resolve));
  console.log("asleep");
  await once(process.stdin, "data");
  Atomics.store(lock, 0, FREE);
  Atomics.notify(lock, 0);
  console.log(await became);
  process.exit();
}

if (isMainThread) {
  await holdAndGiveBack();
} else {
  const { module, memory } = workerData as WaiterSeed;
  new EngineShard(module, memory, THREADS).statsShard(1, NOW);
  parentPort?.postMessage("through");
}
