/* What is said of how a queue and its workers are. */
import { expect, test } from "vitest";
import { createWorker, defineJob, healthOf, openQueue } from "../../src/entries/queue.ts";
import { unchecked, UnsupportedError } from "../../src/entries/queue.ts";
import { Queue } from "../../src/worker/queue.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { until } from "../support/until.ts";
import { around } from "./around.ts";

const job = defineJob("job", { payload: unchecked<number>() });
const handlers = [job.handler(() => undefined)];
const WELL = { isHealthy: true, troubles: [] };

test("a worker is well while it runs, and has slots", async () => {
  await using queue = await openQueue({ memory: true });
  const worker = createWorker(queue, { handlers, name: "one" });
  const troubles = async (): Promise<readonly string[]> =>
    (await healthOf(queue, [worker])).troubles;
  expect(await healthOf(queue)).toEqual(WELL);
  expect(await healthOf(queue, [worker])).toEqual({
    isHealthy: false,
    troubles: ["one does not run: it is new"],
  });
  void worker.run();
  await until("it runs", async () => (await troubles()).length === 0);
  expect(await healthOf(queue, [worker])).toEqual(WELL);
  worker.suspend();
  expect(await troubles()).toEqual(["one is suspended"]);
  worker.resume();
  expect(await troubles()).toEqual([]);
  const stopping = worker.stop();
  expect(await troubles()).toEqual([expect.stringMatching(/^one does not run: it is stop/)]);
  await stopping;
  expect(await troubles()).toEqual(["one does not run: it is stopped"]);
});

test("a worker whose slots cannot be made is not well", async () => {
  await using queue = await openQueue({ memory: true });
  await using worker = createWorker(queue, {
    name: "one",
    init: () => {
      throw new Error("no database");
    },
    handlers: (on) => [on(job, () => undefined)],
  });
  void worker.run();
  expect((await healthOf(queue, [worker])).troubles).toEqual(["one has no slot that is ready"]);
});

test("a queue that does not answer is not well; one that cannot be asked is", async () => {
  const server = await LastingServer.start();
  await using queue = await openQueue(server.url);
  expect(await healthOf(queue, [], { timeout: "1m" })).toEqual(WELL);
  server.kill();
  await until("it is noticed", async () => !(await healthOf(queue, [], { timeout: 50 })).isHealthy);
  const { troubles } = await healthOf(queue, [], { timeout: 50 });
  expect(troubles).toEqual([expect.stringMatching(/^the queue does not answer: \w+$/)]);
  const unsupported = (): Promise<never> => Promise.reject(new UnsupportedError("no figures"));
  expect(await healthOf(new Queue(around(queue.backend, { stats: unsupported })))).toEqual(WELL);
});
