/* BullMQ, as the bench drives it: with its defaults, but for jobs that are done, which it is told
 * to remove, as Homemaker does.
 */
import { Queue, Worker } from "bullmq";
import { PAYLOAD } from "./driven-framework.ts";
import type { DrivenFramework, FrameworkParts } from "./driven-framework.ts";

const NAME = "bench";

/** A queue and a worker on a Redis. */
export async function openBullMq(parts: FrameworkParts): Promise<DrivenFramework> {
  const { port, concurrency, started, done } = parts;
  const connection = { host: "127.0.0.1", port };
  const removeOnComplete = true;
  const queue = new Queue(NAME, { connection, defaultJobOptions: { removeOnComplete } });
  const worker = new Worker(NAME, async () => started(), {
    connection,
    concurrency,
    autorun: false,
  });
  worker.on("completed", done);
  worker.on("error", () => undefined); // a bench in which nothing is done says so
  await queue.waitUntilReady();
  return {
    async enqueue(count) {
      if (count === 1) await queue.add(NAME, PAYLOAD);
      else
        await queue.addBulk(Array.from({ length: count }, () => ({ name: NAME, data: PAYLOAD })));
    },
    async work() {
      await worker.waitUntilReady();
      worker.run().catch(() => undefined);
    },
    async close() {
      await worker.close(true);
      await queue.close();
    },
  };
}
