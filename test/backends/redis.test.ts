/*
 * Jobs in a Redis: the suite of all back ends; what a Redis must be set up to promise; and one that
 * is killed, full, or a replica.
 *
 * @module-tag redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { importRedis, openRedis } from "../../src/redis/redis-target.ts";
import type { RedisTarget } from "../../src/redis/redis-options.ts";
import type { PutOutcome } from "../../src/worker/backend.ts";
import { KEEPS_ALL, redisPath, startRedis } from "../support/redis.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { Hands, jobOf } from "./beds.ts";
import { REDIS } from "./redis-kind.ts";
import { backendSuite } from "./suite.ts";

backendSuite(REDIS);

/** One Redis, process after process. */
class LastingRedis {
  readonly directory = mkdtempSync(join(tmpdir(), "homemaker-redis-"));
  readonly #flags: readonly string[];
  #process: ServerProcess | undefined;

  static async start(flags: readonly string[] = KEEPS_ALL): Promise<LastingRedis> {
    const redis = new LastingRedis(flags);
    onTestFinished(async () => {
      await redis.kill();
      rmSync(redis.directory, { recursive: true });
    });
    await redis.again();
    return redis;
  }

  private constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  get target(): RedisTarget {
    return { redis: { path: redisPath(this.directory) } };
  }

  async kill(): Promise<void> {
    await this.#process?.stop();
  }

  async again(): Promise<void> {
    this.#process = await startRedis(this.directory, this.#flags);
  }

  /** Says something to it, as an operator would. */
  async tell(command: string, ...words: string[]): Promise<void> {
    const redis = new Redis({ path: redisPath(this.directory) });
    await redis.call(command, ...words);
    redis.disconnect();
  }
}

const greet = defineJob("greet", { payload: unchecked<string>(), result: unchecked<string>() });

test("a Redis that is killed comes back: jobs are there, and one that is held stays so", async () => {
  const redis = await LastingRedis.start();
  await using queue = await openQueue(redis.target);
  const { backend } = queue;
  const hands = new Hands();
  const troubles: Error[] = [];
  const troubled = (error: Error): void => void troubles.push(error);
  backend.consume(["work"], { window: 1, take: hands.take, troubled });
  const [outcome] = await backend.put([jobOf("a", { tube: "work" }), jobOf("b", { tube: "work" })]);
  const held = await hands.next();
  await redis.kill();
  await until("the loss is told", () => troubles.length > 0);
  const late = backend.put([jobOf("c", { tube: "work" })]);
  const end = backend.end(idOf(outcome), { timeoutMillis: Infinity });
  const done = held.complete({ result: new Uint8Array([7]) });
  await redis.again();
  await done;
  expect((await late)[0]).toMatchObject({ isNew: true });
  expect(await end).toEqual({ end: "finished", result: new Uint8Array([7]) });
  expect(await hands.done(2)).toEqual(["b", "c"]);
});

test("workers run jobs, and whoever calls gets the result", async () => {
  const redis = await LastingRedis.start();
  await using queue = await openQueue({ ...redis.target, prefix: "shop" });
  await using worker = createWorker(queue, {
    handlers: [greet.handler((name) => `Hello, ${name}.`)],
    prefetch: 8,
  });
  void worker.run();
  const names = Array.from({ length: 100 }, (_, index) => String(index));
  const jobs = await queue.enqueueMany(greet, names);
  expect(await Promise.all(jobs.map((job) => job.result()))).toEqual(
    names.map((name) => `Hello, ${name}.`),
  );
  expect(await queue.stats()).toMatchObject({ available: 0, active: 0, workers: 1 });
});

test("a Redis without memory refuses jobs, and those that it has are run all the same", async () => {
  const redis = await LastingRedis.start([...KEEPS_ALL, "--maxmemory", "4mb"]);
  await using backend = await openRedis(redis.target);
  const body = new Uint8Array(60_000);
  const outcomes: PutOutcome[] = [];
  await until("it is full", async () => {
    outcomes.push(...(await backend.put([jobOf("", { tube: "work", body })])));
    return "error" in (outcomes.at(-1) ?? {});
  });
  expect(outcomes.pop()).toMatchObject({ error: { code: "HM_OUT_OF_MEMORY" } });
  const hands = new Hands();
  backend.consume(["work"], { window: 4, take: hands.take });
  const failing = await hands.next();
  await failing.release({ failure: new Uint8Array(10) });
  await hands.done(outcomes.length);
  expect(await backend.stats("work")).toMatchObject({ available: 0, active: 0 });
  await until("there is room", async () => {
    const [outcome] = await backend.put([jobOf("", { tube: "other", body })]);
    return outcome !== undefined && "id" in outcome;
  });
});

test("a Redis that became a replica refuses jobs, until it is none any more", async () => {
  const redis = await LastingRedis.start();
  await using backend = await openRedis(redis.target);
  await redis.tell("REPLICAOF", "127.0.0.1", "1");
  await expect(openRedis(redis.target)).rejects.toMatchObject({ code: "HM_READ_ONLY" });
  const [outcome] = await backend.put([jobOf("a", { tube: "work" })]);
  expect(outcome).toMatchObject({ error: { code: "HM_READ_ONLY" } });
  await redis.tell("REPLICAOF", "NO", "ONE");
  await until("it takes jobs", async () => {
    const [again] = await backend.put([jobOf("a", { tube: "work" })]);
    return again !== undefined && "id" in again;
  });
});

test.each([
  [["--appendonly", "no"], "redis: appendonly is no: jobs of the last moments are lost"],
  [["--appendonly", "yes", "--appendfsync", "everysec"], "redis: appendfsync is everysec: jobs of"],
  [["--rename-command", "CONFIG", ""], "redis: CONFIG GET is not allowed"],
])("a Redis with %j is not durable, and that is said", async (flags, message) => {
  const redis = await LastingRedis.start(flags);
  const warnings: string[] = [];
  const onWarning = (warning: string): void => void warnings.push(warning);
  await using backend = await openRedis({ ...redis.target, onWarning });
  expect(backend.can.durable).toBe(false);
  expect(warnings).toEqual([expect.stringContaining(message)]);
});

test("a Redis that throws keys away is none for jobs", async () => {
  const redis = await LastingRedis.start([...KEEPS_ALL, "--maxmemory-policy", "allkeys-lru"]);
  await expect(openRedis(redis.target)).rejects.toMatchObject({
    code: "HM_OPTION",
    message: expect.stringContaining("maxmemory-policy is allkeys-lru"),
  });
});

test("queues with other prefixes know nothing of each other", async () => {
  const redis = await LastingRedis.start();
  await using one = await openRedis({ ...redis.target, prefix: "one" });
  await using other = await openRedis({ ...redis.target, prefix: "other" });
  await one.put([jobOf("a", { tube: "work" })]);
  expect((await other.stats(undefined)).available).toBe(0);
  expect((await one.stats(undefined)).available).toBe(1);
});

test("what cannot be opened says why", async () => {
  await expect(openQueue("redis://127.0.0.1:1")).rejects.toMatchObject({ code: "HM_UNREACHABLE" });
  await expect(openQueue({ redis: "redis://127.0.0.1", prefix: "" })).rejects.toMatchObject({
    code: "HM_OPTION",
  });
  const missing = importRedis(() => Promise.reject(new Error("Cannot find package")));
  await expect(missing).rejects.toMatchObject({
    code: "HM_MISSING_PACKAGE",
    message: "the package ioredis is missing: npm install ioredis",
  });
});

function idOf(outcome: PutOutcome | undefined): string {
  return outcome !== undefined && "id" in outcome ? outcome.id : "";
}
