/*
 * Metrics of queues and workers: what is scraped is what was done.
 */
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorker, defineJob, unchecked } from "../../src/entries/queue.ts";
import { prometheus } from "../../src/entries/prometheus.ts";
import { testQueue } from "../../src/entries/testing.ts";
import type { TestQueue } from "../../src/entries/testing.ts";

const mail = defineJob("mail", { payload: unchecked<string>() });
const START = new Date("2026-03-01T12:00:00Z");

let queue: TestQueue;
let register: Registry;
beforeEach(async () => {
  register = new Registry();
  const telemetry = [prometheus({ register, tubes: ["other"], now: () => queue.now.getTime() })];
  queue = await testQueue({ now: START, telemetry });
});
afterEach(() => queue.close());

/** The lines of a metric, without its name. */
async function scraped(name: string): Promise<readonly string[]> {
  const lines = (await register.metrics()).split("\n");
  return lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
}

test("count jobs and attempts, and time them", async () => {
  const worker = createWorker(queue, {
    name: "post",
    concurrency: 3,
    handlers: [
      mail.handler((to) => {
        if (to === "") throw new RangeError("to nobody");
      }),
    ],
  });
  await queue.enqueueMany(mail, ["ann", "bob", ""]);
  await queue.enqueue(mail, "zoe", { delay: "1h" });
  const signal = AbortSignal.abort();
  await expect(queue.enqueue(mail, "eve", { signal })).rejects.toThrow("aborted");
  await queue.advance("2s");
  await queue.drain(worker);

  expect(await scraped("homemaker_enqueued_jobs_total")).toEqual(['{type="mail"} 4']);
  expect(await scraped("homemaker_enqueue_failures_total")).toEqual(['{type="mail"} 1']);
  expect(await scraped("homemaker_worker_attempts_total")).toEqual([
    '{pool="post",type="mail",outcome="success"} 2',
    '{pool="post",type="mail",outcome="retry"} 1',
  ]);
  expect(await scraped("homemaker_attempt_wait_seconds_sum")).toEqual(['{type="mail"} 6']);
  expect(await scraped("homemaker_worker_attempt_seconds_count")).toEqual([
    '{pool="post",type="mail"} 3',
  ]);
  expect(await scraped("homemaker_worker_slots")).toEqual(['{pool="post"} 3']);
  expect(await scraped("homemaker_worker_busy_slots")).toEqual(['{pool="post"} 0']);
  expect(await scraped("homemaker_queue_up")).toEqual([" 1"]);
  expect(await scraped("homemaker_queue_jobs")).toEqual(
    expect.arrayContaining([
      '{tube="mail",state="available"} 0',
      '{tube="mail",state="scheduled"} 2',
      '{tube="other",state="scheduled"} 0',
    ]),
  );
});

test("tell of workers while they are there, and of queues that do not answer", async () => {
  const worker = createWorker(queue, {
    init() {
      throw new Error("no database");
    },
    handlers: [mail.handler(() => undefined)],
  });
  await expect(queue.drain(worker)).rejects.toThrow("no database");
  expect(await scraped("homemaker_worker_init_failures_total")).toEqual(['{pool="worker"} 10']);
  expect(await scraped("homemaker_worker_initialising_slots")).toEqual(['{pool="worker"} 10']);
  worker.suspend();
  expect(await scraped("homemaker_worker_suspended")).toEqual(['{pool="worker"} 1']);
  await worker.stop();
  expect(await scraped("homemaker_worker_slots")).toEqual([]);
  await queue.close();
  expect(await scraped("homemaker_queue_up")).toEqual([" 0"]);
  expect(await scraped("homemaker_queue_jobs")).toEqual([]);
});
