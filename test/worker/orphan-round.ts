/* Orphan round: a program that dies without a word while its process of handlers computes. Run by
 * orphan.test.ts; prints the pid of that process.
 */
import process from "node:process";
import { createWorker, fromModule, openQueue } from "../../src/entries/queue.ts";
import { orphan } from "./isolated-jobs.ts";

const queue = await openQueue({ memory: true });
const handlers = fromModule(new URL("isolated-handlers.ts", import.meta.url), [orphan]);
const worker = createWorker(queue, { handlers, isolate: "process", concurrency: 1 });
worker.on("progress", ({ value }) => {
  process.stdout.write(`${String(value)}\n`, () => process.kill(process.pid, "SIGKILL"));
});
void worker.run();
await queue.enqueue(orphan, null);
