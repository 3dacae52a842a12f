/* A queue that several threads of a program share: each can do what the one that opened it can, and
 * one that vanishes, in whatever way, takes nothing with it and is in nobody's way.
 */
import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorker, defineJob, joinQueue, openQueue } from "../../src/entries/queue.ts";
import { shareQueue, unchecked } from "../../src/entries/queue.ts";
import type { JobQueue, SharedQueue } from "../../src/entries/queue.ts";
import { outcome } from "../client/scripted-server.ts";
import { until } from "../support/until.ts";
import { portOf } from "../../src/embedded/shared-queue.ts";
import { ClientConnection } from "../../src/client/connection.ts";
import { joinShared } from "../../src/embedded/join-queue.ts";
import { NODE_PORTS } from "../../src/embedded/node-ports.ts";
import { PortWire } from "../../src/embedded/port-wire.ts";

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

test("when it is closed, who waits here for a result hears it, and who asks afterwards", async () => {
  const here = await joinQueue(shareQueue(queue));
  const job = await here.enqueue(add, [1]);
  const result = outcome(job.result());
  await queue.close();
  expect(await result).toBe("HM_CLOSED");
  expect(await outcome(here.enqueue(add, [2]))).toBe("HM_CLOSED");
  await here.close();
});

describe("what had been sent when it was over, and was not answered", () => {
  test.each([
    ["closed", { over: "the broker is closed", isClosed: true }, "HM_CLOSED"],
    ["gone without a word", undefined, "HM_CLOSED"],
    ["broken", { over: "the disk is full", isClosed: false }, "HM_UNREACHABLE"],
  ])("is lost because the queue is %s", async (_, news, code) => {
    const { port1, port2 } = new MessageChannel();
    const port = portOf({ port: port1 }, NODE_PORTS);
    const client = new ClientConnection((listener) => new PortWire(port, listener), {});
    const lost = client.ask("kick 1").catch((error: unknown) => error);
    await once(port2, "message");
    if (news !== undefined) port2.postMessage(news);
    port2.close();
    expect(await lost).toMatchObject({ code: "HM_LOST", cause: { code } });
  });
});

test("a queue that does not answer cannot be joined, and nothing of the attempt stays", async () => {
  const { port1, port2 } = new MessageChannel();
  const asked: MessagePort[] = [];
  port1.on("message", (connection: MessagePort) => asked.push(connection));
  const left = once(port1, "close");
  const joining = outcome(joinShared({ isDurable: false, port: port2 }, 50));
  expect(await joining).toBe("HM_UNREACHABLE");
  await left;
  expect(port2.listenerCount("close")).toBe(0);
  for (const connection of asked) connection.close();
});

describe("what was shared once is joined once", () => {
  const REFUSED = { code: "HM_OPTION", message: expect.stringContaining("joined before") };

  test("and who joined first has it alone, and leaves it to nobody", async () => {
    const shared = shareQueue(queue);
    const [first, second] = await Promise.allSettled([joinQueue(shared), joinQueue(shared)]);
    expect(second).toMatchObject({ status: "rejected", reason: REFUSED });
    if (first.status === "rejected") throw first.reason;
    const job = await first.value.enqueue(add, [1]);
    expect(await queue.status(job.id)).toMatchObject({ state: "available" });
    await first.value.close();
    await expect(joinQueue(shared)).rejects.toMatchObject(REFUSED);
  });

  test("also where the queue was closed by then", async () => {
    const shared = shareQueue(queue);
    await queue.close();
    await expect(joinQueue(shared)).rejects.toMatchObject({ code: "HM_CLOSED" });
    await expect(joinQueue(shared)).rejects.toMatchObject(REFUSED);
  });
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
