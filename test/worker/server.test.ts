/*
 * A worker on a server that is killed and comes back.
 */
import { once } from "node:events";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { pause, until } from "../support/until.ts";

const JOBS = 400;

test("its server knows what it is called and where it runs, again after it was away", async () => {
  const server = await LastingServer.start();
  const job = defineJob("job", { payload: unchecked<string>() });
  await using queue = await openQueue(server.url);
  await using looks = await connect(server.address);
  const { id } = await queue.enqueue(job, "held");
  await using worker = createWorker(queue, {
    name: "thumb nails",
    handlers: [job.handler(async (_, { signal }) => void (await once(signal, "abort")))],
  });
  const lost: unknown[] = [];
  worker.on("leaseLost", (event) => void lost.push(event));
  void worker.run();
  const holder = async (): Promise<unknown> => (await looks.explain(Number(id)))?.["holder"];
  const called = `unix thumb-nails@${hostname()}`.slice(0, 64);
  await until("it is called so", async () => (await holder()) === called);
  server.kill();
  await server.again();
  await until("it is called so again", async () => (await holder()) === called);
  const reason = { code: "HM_NOT_HELD", message: `job ${id} was lost with the connection` };
  expect(lost).toMatchObject([{ id, type: "job", reason }]);
  await worker.stop({ grace: 0 });
});

test("it goes on when its server comes back, and what it lost is run again", async () => {
  const server = await LastingServer.start();
  const job = defineJob("job", { payload: unchecked<number>() });
  await using queue = await openQueue(server.url);
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
