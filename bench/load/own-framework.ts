/* Homemaker's own framework, as the bench drives it. */
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { PAYLOAD } from "./driven-framework.ts";
import type { DrivenFramework, FrameworkParts } from "./driven-framework.ts";

/** A queue and a worker on a server. */
export async function openOwn(parts: FrameworkParts): Promise<DrivenFramework> {
  const { port, concurrency, prefetch, started, done } = parts;
  const job = defineJob("bench", { payload: unchecked<typeof PAYLOAD>() });
  const queue = await openQueue(`homemaker://127.0.0.1:${port}`);
  const worker = createWorker(queue, {
    concurrency,
    prefetch,
    handlers: [job.handler(() => started())],
  });
  worker.on("success", done);
  return {
    async enqueue(count) {
      if (count === 1) await queue.enqueue(job, PAYLOAD);
      else
        await queue.enqueueMany(
          job,
          Array.from({ length: count }, () => PAYLOAD),
        );
    },
    async work() {
      worker.run().catch(() => undefined); // a bench in which nothing is done says so
      while ((await queue.stats("bench")).workers === 0);
    },
    async close() {
      await worker.stop({ grace: 0 });
      await queue.close();
    },
  };
}
