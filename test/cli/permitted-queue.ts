/* A program with a queue, to be run with few permissions: `permitted-queue.ts TARGET`, where TARGET
 * is "memory", a directory's path or a server's address. It enqueues a job, runs it and says so.
 */
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";

const [, , target = ""] = process.argv;
const job = defineJob("note", { payload: unchecked<string>() });

function opened() {
  if (target === "memory") return openQueue({ memory: true });
  if (target.startsWith("/")) return openQueue({ directory: target, segmentBytes: 1_048_576 });
  return openQueue(target as `homemaker://${string}`);
}

const queue = await opened();
const worker = createWorker(queue, { handlers: [job.handler((text) => console.log(text))] });
const running = worker.run();
await queue.call(job, "it ran");
await worker.stop();
await running;
await queue.close();
