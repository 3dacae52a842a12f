/*
 * Attempts that ended without a word: the next worker recognises them before it runs the job.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { bury, defineJob, retry, unchecked } from "../../src/entries/queue.ts";
import type { FailureMode } from "../../src/entries/queue.ts";
import { Hands } from "../backends/beds.ts";
import { until } from "../support/until.ts";
import { heard, WorkerBed } from "./worker-bed.ts";

const LEASE_SECONDS = 10;

let bed: WorkerBed;
beforeEach(async () => {
  bed = await WorkerBed.open("memory");
});
afterEach(() => bed[Symbol.asyncDispose]());

/** A kind of job whose workers say nothing in time. */
function fatal(onFailure: FailureMode): ReturnType<typeof define> {
  return define(onFailure);
}

function define(onFailure: FailureMode) {
  return defineJob("fatal", {
    payload: unchecked<number>(),
    lease: `${LEASE_SECONDS}s`,
    onFailure,
  });
}

/** Takes the job so often, and says nothing until its lease is over. */
async function die(times: number): Promise<void> {
  const hands = new Hands();
  await using consumer = bed.queue.backend.consume(["fatal"], { window: 1, take: hands.take });
  for (let time = 1; time <= times; time++) {
    const held = await hands.next();
    expect(held.attempt).toBe(time);
    if (time === times) consumer.window(0);
    await bed.queue.stats(); // the window has been told
    bed.clock.advance(LEASE_SECONDS + 1);
    await until("its lease is over", () => held.signal.aborted);
  }
  await consumer.stop();
}

test("one is run again at once, and counted", async () => {
  const attempts: number[] = [];
  const job = fatal(retry({ attempts: 2 }));
  const { id } = await bed.queue.enqueue(job, 1);
  await die(1);
  const worker = bed.work({
    handlers: [job.handler((_, own) => void attempts.push(own.job.attempt))],
  });
  const lines = heard(worker);
  await until("it is done", () => lines.includes(`success ${id}`));
  expect(attempts).toEqual([2]);
  expect(lines).toEqual([`start ${id}`, `success ${id}`]);
});

test("one that took the last attempt ends as the failure mode says, and is not run", async () => {
  const job = fatal(retry({ attempts: 2, atLast: bury() }));
  const { id } = await bed.queue.enqueue(job, 1);
  await die(2);
  const worker = bed.work({ handlers: [job.handler(() => undefined)] });
  const lines = heard(worker);
  await until("it is set aside", () => lines.includes(`failure ${id} bury`));
  expect(lines).toEqual([`failure ${id} bury`]);
  const status = await bed.queue.status(id);
  expect(status?.state).toBe("discarded");
  expect(status?.failures.at(-1)).toMatchObject({
    error: {
      code: "HM_WORKER_DIED",
      message: "the worker that ran the job was gone without a word, 2 in a row; last: timed-out",
    },
  });
});

test("two in a row are followed by a wait, for which no attempt is counted", async () => {
  const job = fatal(retry({ attempts: 9, backoff: () => 300_000 }));
  const attempts: number[] = [];
  const { id } = await bed.queue.enqueue(job, 1);
  await die(2);
  const worker = bed.work({
    handlers: [job.handler((_, own) => void attempts.push(own.job.attempt))],
  });
  const lines = heard(worker);
  await until("it is handed back", () => lines.includes(`handedBack ${id}`));
  const status = await bed.queue.status(id);
  expect(status?.state).toBe("retryable");
  expect(status?.failures.map(({ end }) => end)).toEqual(["timed-out", "timed-out"]);
  expect(attempts).toEqual([]);
  await bed.pass("it is done", () => lines.includes(`success ${id}`), 30);
  expect(attempts).toEqual([3]);
  expect(lines.filter((line) => line.startsWith("handedBack"))).toHaveLength(1);
});
