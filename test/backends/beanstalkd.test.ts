/*
 * Jobs on a plain beanstalkd: the suite of all back ends; workers; and a server that is killed and
 * comes back.
 *
 * @module-tag beanstalkd
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { createWorker, defineJob, openQueue, retry } from "../../src/entries/queue.ts";
import { unchecked } from "../../src/entries/queue.ts";
import type { JobQueue } from "../../src/entries/queue.ts";
import { LANES_MAX } from "../../src/worker/plain-consumer.ts";
import { openServer } from "../../src/worker/server-backend.ts";
import { addressOf } from "../client/places.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { until } from "../support/until.ts";
import { BEANSTALKD } from "./beanstalkd-kind.ts";
import { Hands, jobOf } from "./beds.ts";
import { backendSuite } from "./suite.ts";

backendSuite(BEANSTALKD);

const UNSUPPORTED = { code: "HM_NOT_SUPPORTED" };
const greet = defineJob("greet", {
  payload: unchecked<string>(),
  onFailure: retry({ attempts: 3, backoff: () => 0 }),
});

async function beanstalkdQueue(): Promise<JobQueue> {
  const server = await startBeanstalkd();
  onTestFinished(() => server.stop());
  const queue = await openQueue(`homemaker://${addressOf(server)}`);
  onTestFinished(() => queue.close());
  return queue;
}

test("what a beanstalkd cannot keep is refused before anything is enqueued", async () => {
  const queue = await beanstalkdQueue();
  for (const options of [{ unique: "k" }, { key: "k" }, { exclusive: "k" }, { expiresAfter: 1 }]) {
    await expect(queue.enqueue(greet, "ann", options)).rejects.toMatchObject(UNSUPPORTED);
  }
  await expect(queue.call(greet, "ann")).rejects.toMatchObject(UNSUPPORTED);
  expect(await queue.stats()).toMatchObject({ available: 0, scheduled: 0, discarded: 0 });
});

test("a worker runs jobs, tries them again, and sets aside those that fail for good", async () => {
  const queue = await beanstalkdQueue();
  const attempts: string[] = [];
  const notes: unknown[] = [];
  const troubles: unknown[] = [];
  const silent = (): void => undefined;
  const trouble = (about: object): void => void troubles.push(about);
  const logger = { debug: silent, info: silent, warn: silent, error: trouble };
  await using worker = createWorker(queue, {
    concurrency: 3,
    logger,
    handlers: [
      greet.handler((name, { job, progress }) => {
        attempts.push(`${name} ${job.attempt}`);
        progress(name);
        if (name === "bob") throw new Error("no such person");
      }),
    ],
  });
  worker.on("progress", ({ value }) => void notes.push(value));
  void worker.run();
  await queue.enqueueMany(greet, ["ann", "bob", "cid"]);
  await until("all are over", async () => {
    const { available, active, discarded } = await queue.stats("greet");
    return available + active === 0 && discarded === 1;
  });
  expect(attempts.toSorted((a, b) => a.localeCompare(b))).toEqual([
    ...["ann 1", "bob 1", "bob 2", "bob 3", "cid 1"],
  ]);
  expect(notes).toHaveLength(5);
  expect(troubles).toEqual([]);
});

test("a window of any size takes as many connections as jobs are held, up to a hundred", async () => {
  const server = await startBeanstalkd();
  onTestFinished(() => server.stop());
  let count = 0;
  const counting: typeof connect = (addresses, options) => {
    count += 1;
    return connect(addresses, options);
  };
  await using backend = await openServer(`homemaker://${addressOf(server)}`, counting);
  const hands = new Hands();
  backend.consume(["work"], { window: 1000, take: hands.take });
  const jobs = (many: number) => Array.from({ length: many }, () => jobOf("a", { tube: "work" }));
  await backend.put(jobs(5));
  await until("five came", () => hands.ready.length === 5);
  expect(count).toBeLessThanOrEqual(1 + 5 + 1);
  await backend.put(jobs(LANES_MAX));
  await until("a hundred came", () => hands.ready.length === LANES_MAX);
  expect(await backend.stats("work")).toMatchObject({ available: 5, active: LANES_MAX });
  expect(count).toBe(1 + LANES_MAX);
});

test("a server with a binlog that is killed comes back, and with it the jobs", async () => {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-beanstalkd-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "socket");
  const start = () => startBeanstalkd({ path, flags: ["-b", directory, "-f", "0"] });
  let server = await start();
  onTestFinished(() => server.stop());
  await using backend = await openServer(`homemaker+unix:${path}`, connect);
  expect(backend.can.durable).toBe(true);
  const hands = new Hands();
  backend.consume(["work"], { window: 1, take: hands.take });
  await backend.put([jobOf("a", { tube: "work" })]);
  const held = await hands.next();
  await server.stop();
  await until("the job is lost", () => held.signal.aborted);
  expect(held.isHeld).toBe(false);
  await expect(held.complete()).rejects.toMatchObject({ code: "HM_NOT_HELD" });
  server = await start();
  const again = await hands.next();
  expect(again.id).toBe(held.id);
  await again.complete();
});
