/* Mortal worker: a program that works on `mortal` jobs of a server until it is told to end.
 *
 *   mortal-worker.ts SOCKET thread|process
 *
 * Run, stopped and killed by isolation-ledger.long.test.ts.
 */
import { createWorker, fromModule, openQueue, runUntilSignal } from "../../src/entries/queue.ts";
import type { Isolate } from "../../src/entries/queue.ts";
import { mortal } from "./mortal.ts";

const [, , socket = "", isolate] = process.argv;
await using queue = await openQueue(`homemaker+unix:${socket}`);
const worker = createWorker(queue, {
  handlers: fromModule(new URL("mortal.ts", import.meta.url), [mortal]),
  isolate: isolate as Isolate,
  concurrency: 2,
  initRetry: 50,
  stop: { grace: 300, abort: 300 },
});
await runUntilSignal(worker);
