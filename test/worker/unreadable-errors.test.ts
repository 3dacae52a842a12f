/* Handlers that throw what cannot be read: each is a failed attempt like any other. */
import { expect, test } from "vitest";
import { createWorker, defineJob, fromModule, openQueue } from "../../src/entries/queue.ts";
import { retry, unchecked } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";
import { unreadable } from "./isolated-jobs.ts";
import { UNREADABLE } from "./unreadable.ts";

const MODULE = new URL("isolated-handlers.ts", import.meta.url);
const TEST_MS = 120_000;

test("what cannot be read is one failed attempt, and the slot is free again", async () => {
  await using queue = await openQueue({ memory: true });
  const job = defineJob("job", {
    payload: unchecked<number>(),
    onFailure: retry({ attempts: 2, backoff: () => 0 }),
  });
  const handler = job.handler((at) => {
    throw UNREADABLE[at]?.[1]();
  });
  await using worker = createWorker(queue, { handlers: [handler], concurrency: 1 });
  const failures: string[] = [];
  worker.on("failure", ({ error, attempt }) => {
    failures.push(`${(error as Error).message} ${attempt}`);
  });
  void worker.run();
  await queue.enqueueMany(job, [...UNREADABLE.keys()]);
  await until("all were tried twice", () => failures.length === 2 * UNREADABLE.length);
  expect(failures.toSorted()).toEqual(
    UNREADABLE.flatMap(([, , message]) => [`${message} 1`, `${message} 2`]).toSorted(),
  );
  await until("all are set aside", async () => {
    return (await queue.stats("job")).discarded === UNREADABLE.length;
  });
});

test.each(["thread", "process"] as const)(
  "what cannot be read ends no %s",
  { timeout: TEST_MS },
  async (isolate) => {
    await using queue = await openQueue({ memory: true });
    const handlers = fromModule(MODULE, [unreadable]);
    await using worker = createWorker(queue, { handlers, isolate, concurrency: 1 });
    const failures: string[] = [];
    worker.on("failure", ({ error }) => failures.push((error as Error).message));
    void worker.run();
    await queue.enqueueMany(unreadable, [...UNREADABLE.keys()]);
    await until("all have failed", () => failures.length === UNREADABLE.length);
    expect(failures.toSorted()).toEqual(UNREADABLE.map(([, , message]) => message).toSorted());
  },
);
