/*
 * Jobs on several servers of which some are not Homemaker's: plain beanstalkds, a Redis.
 *
 * @module-tag beanstalkd
 * @module-tag redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { HeldJob, JobQueue } from "../../src/entries/queue.ts";
import { plainCapabilities } from "../../src/worker/plain-backend.ts";
import { addressOf } from "../client/places.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { KEEPS_ALL, redisPath, startRedis } from "../support/redis.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { BEANSTALKD } from "./beanstalkd-kind.ts";
import { jobOf } from "./beds.ts";
import { backendSuite } from "./suite.ts";

type Target = Parameters<typeof openQueue>[0] extends infer All
  ? Exclude<All, { readonly spread: unknown }>
  : never;

const note = defineJob("note", { payload: unchecked<number>() });

backendSuite({
  ...BEANSTALKD,
  name: "spread",
  async open() {
    const bed = await BEANSTALKD.open();
    const around = async (backend = bed.backend) =>
      (await openQueue({ spread: [backend] })).backend;
    return {
      backend: await around(),
      advance: (seconds) => bed.advance(seconds),
      reopen: async () => around(await bed.reopen()),
      [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
    };
  },
});

function ending(process: ServerProcess): ServerProcess {
  onTestFinished(() => process.stop().then(() => undefined));
  return process;
}

async function beanstalkd(): Promise<`homemaker://${string}`> {
  return `homemaker://${addressOf(ending(await startBeanstalkd()))}`;
}

async function redis(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-spread-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  ending(await startRedis(directory, KEEPS_ALL));
  return { redis: { path: redisPath(directory) } };
}

async function opened(...spread: readonly Target[]): Promise<JobQueue> {
  const queue = await openQueue({ spread });
  onTestFinished(() => queue.close());
  return queue;
}

test("what one of them cannot do all cannot, and ids say which has the job", async () => {
  const plain = await beanstalkd();
  const queue = await opened(plain, await redis());
  expect(queue.can).toEqual({ ...plainCapabilities(false) });
  const ids: string[] = [];
  await until("the Redis has one, which may be opened later", async () => {
    ids.push((await queue.enqueue(note, ids.length)).id);
    return ids.includes("1@2");
  });
  const address = plain.slice("homemaker://".length);
  ids.push(...(await queue.enqueueMany(note, [7, 8])).map(({ id }) => id));
  expect(ids).toContain("2@2");
  expect(new Set(ids.map((id) => id.replace(/^\d+@/, "")))).toEqual(new Set([address, "2"]));
  expect(await queue.stats("note")).toMatchObject({ available: ids.length });
  const once = queue.enqueue(note, 5, { unique: "k" });
  await expect(once).rejects.toMatchObject({ code: "HM_NOT_SUPPORTED" });
  const listing = queue.retryAll({ tube: "note" });
  await expect(listing).rejects.toMatchObject({ code: "HM_NOT_SUPPORTED" });
  expect(await queue.status("1@2")).toMatchObject({ id: "1@2", state: "available" });
  await queue.pause("note");
  await using worker = createWorker(queue, { handlers: [note.handler(() => undefined)] });
  const done: string[] = [];
  worker.on("success", ({ id, attempt }) => void done.push(`${id} ${attempt}`));
  void worker.run();
  await queue.resume("note");
  await until("all are done", () => done.length === ids.length);
  expect(done.toSorted()).toEqual(ids.map((id) => `${id} 1`).toSorted());
});

describe("no more are held than are wanted, and with a place for each none is given back", () => {
  test.each([1, 2, 7])("of %i, and all are done, wherever they are", async (window) => {
    const plain = [await beanstalkd(), await beanstalkd()];
    const backends = plain.map(async (url) => (await openQueue(url)).backend);
    const queue = await opened(...(await Promise.all(backends)), { memory: true });
    const jobs = Array.from({ length: 30 }, (_, at) => jobOf(String(at), { tube: "note" }));
    await queue.backend.put(jobs);
    const attempts: number[] = [];
    let [held, most] = [0, 0];
    const take = async (job: HeldJob): Promise<void> => {
      most = Math.max(most, ++held);
      await new Promise((resolve) => setTimeout(resolve, 1));
      held--;
      await job.complete();
      attempts.push(job.attempt);
    };
    await using _ = queue.backend.consume(["note"], { window, take });
    await until("all are done", () => attempts.length === 30);
    expect(most).toBeLessThanOrEqual(window);
    if (window >= 3) expect(new Set(attempts)).toEqual(new Set([1]));
    const late = await queue.backend.put(jobs.slice(0, 3)); // one for each of them
    expect(late).toHaveLength(3);
    await until("these are done, too", () => attempts.length === 33);
  });
});
