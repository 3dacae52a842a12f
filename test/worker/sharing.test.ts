/* A queue that several threads of a program share: each can do what the one that opened it can, and
 * one that vanishes, in whatever way, takes nothing with it and is in nobody's way.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorker, defineJob, joinQueue, openQueue } from "../../src/entries/queue.ts";
import { shareQueue, unchecked } from "../../src/entries/queue.ts";
import type { JobQueue, SharedQueue } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";

const add = defineJob("add", {
  payload: unchecked<readonly number[]>(),
  result: unchecked<number>(),
});
const hold = defineJob("hold", { payload: unchecked<string>() });
const threads: Worker[] = [];
let queue: JobQueue;
beforeEach(async () => void (queue = await openQueue({ memory: true })));
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
  await queue.close();
});

/** A thread that has joined, and what it says. */
function joined(what: string): { thread: Worker; said: unknown[] } {
  const shared = shareQueue(queue);
  const thread = new Worker(new URL("./joining-thread.ts", import.meta.url), {
    workerData: { shared, what },
    transferList: [shared.port],
  });
  const said: unknown[] = [];
  thread.on("message", (one) => said.push(one));
  thread.on("error", (error) => said.push(String(error)));
  threads.push(thread);
  return { thread, said };
}

/** Resolves when that was said. */
function hears({ said }: { said: unknown[] }, what: unknown): Promise<void> {
  return until(
    `a thread says ${String(what)}`,
    () => said.includes(what),
    () => String(said),
  );
}

test("a job that one thread enqueues another one runs, and each hears what came of it", async () => {
  const worker = joined("works");
  await hears(worker, "works");
  const sums = await Promise.all([1, 2, 3].map((one) => queue.call(add, [one, 10])));
  expect(sums).toEqual([11, 12, 13]);
  const producer = joined("enqueues");
  await hears(producer, 42);
  await once(producer.thread, "exit"); // closed, and with nothing to do, it ends
  await until("all have run", async () => (await queue.stats("add")).available === 0);
});

describe("a thread that vanishes with a job in hand", () => {
  test.each(["is terminated", "spins", "exits", "throws"])(
    "(%s) gives it back at once",
    async (way) => {
      const doomed = joined(way);
      await hears(doomed, "works");
      const id = (await queue.enqueue(hold, "x")).id;
      await hears(doomed, "holds");
      // The others are gone by themselves, maybe by now.
      if (way === "is terminated" || way === "spins") {
        expect(await queue.status(id)).toMatchObject({ state: "active" });
        await doomed.thread.terminate();
      }
      const taken: string[] = [];
      const worker = createWorker(queue, {
        handlers: [hold.handler((text) => void taken.push(text))],
      });
      const running = worker.run();
      await until("the job has run here", () => taken.length === 1);
      await worker.stop();
      await running;
    },
  );
});

test("when the queue is closed, or its thread gone, whoever waits on it hears so", async () => {
  const worker = joined("works");
  await hears(worker, "works");
  await queue.call(add, [1]); // it has begun to wait for more
  await queue.close();
  await hears(worker, "HM_CLOSED");
  const shared = shareQueue(queue);
  await expect(joinQueue(shared)).rejects.toMatchObject({ code: "HM_CLOSED" });
});

test("what is no shared queue is refused, and so is sharing what is elsewhere", async () => {
  const wrong = { isDurable: false } as SharedQueue;
  await expect(joinQueue(wrong)).rejects.toMatchObject({ code: "HM_OPTION" });
  const shared = shareQueue(queue);
  const here = await joinQueue(shared);
  expect(() => shareQueue(here)).toThrow(expect.objectContaining({ code: "HM_NOT_SUPPORTED" }));
  expect(here.can).toEqual(queue.can);
  await here.close();
});
