/*
 * A worker on a server that is killed and comes back.
 */
import { expect, test } from "vitest";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { pause, until } from "../support/until.ts";

const JOBS = 400;

test("it goes on when its server comes back, and what it lost is run again", async () => {
  const server = await LastingServer.start();
  const job = defineJob("job", { payload: unchecked<number>() });
  await using queue = await openQueue(`homemaker+unix:${server.path}`);
  const numbers = Array.from({ length: JOBS }, (_, at) => at);
  await queue.enqueueMany(job, numbers);
  const ran = new Set<number>();
  let reconnected = 0;
  await using worker = createWorker(queue, {
    concurrency: 4,
    prefetch: 4,
    handlers: [
      job.handler(async (payload) => {
        await pause(2);
        ran.add(payload);
      }),
    ],
  });
  worker.on("reconnecting", () => void (reconnected += 1));
  void worker.run();
  await until("it runs jobs", () => ran.size > 20);
  server.kill();
  await until("it notices", () => reconnected > 0);
  await server.again();
  expect(ran.size).toBeLessThan(JOBS);
  await until("all have run", () => ran.size === JOBS);
  await until("none is left", async () => {
    const { available, scheduled, active } = await queue.stats("job");
    return available + scheduled + active === 0;
  });
  expect((await worker.stop()).abandoned).toBe(0);
  expect(await queue.stats("job")).toMatchObject({ active: 0, discarded: 0, workers: 0 });
});
