/*
 * Soaks: one process whose workers run jobs of every outcome, in its own loop and in threads that
 * die, while connections are lost and callers give up: nothing of it stays on the heap.
 *
 *   SOAK_SECONDS=600 npx vitest run --project long test/worker/soak.long.test.ts
 *
 * @module-tag redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { createWorker, fromModule, openQueue } from "../../src/entries/queue.ts";
import type { JobQueue, Worker } from "../../src/entries/queue.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { Random } from "../support/random.ts";
import { redisPath, startRedis } from "../support/redis.ts";
import { replayable, seedHere } from "../support/replay.ts";
import type { Address } from "../support/server-process.ts";
import { until, within } from "../support/until.ts";
import { CutQueue } from "./cut-queue.ts";
import { ACTS, follower, mixed, runMixed, threaded } from "./soak-jobs.ts";
import type { Act } from "./soak-jobs.ts";

const FILE = "test/worker/soak.long.test.ts";
const SEED = seedHere();
/** All places together. */
const SECONDS = Number(process.env["SOAK_SECONDS"] ?? 45);
const PLACES = 3;
/** The first part of a soak fills what is kept for a while. */
const WARMING = 1 / 4;
/** What the heap may have more at the end. */
const GROWTH_MEBI = 6;
const MEBI = 1_048_576;
const ROUND_JOBS = 1000;
/** So many may wait for their time, or for a thread, when more come. */
const BACKLOG_JOBS = 3000;
const ROUND_MS = 60_000;
const HANDLERS = new URL("soak-jobs.ts", import.meta.url);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** A queue whose connections can be cut. */
interface Place {
  readonly queue: JobQueue;
  cut(): void;
}

/** Workers of one queue, and jobs for them, round after round. */
class Soak {
  readonly #place: Place;
  readonly #random: Random;
  readonly #workers: readonly Worker[];
  #run = 0;

  constructor(place: Place, random: Random) {
    this.#place = place;
    this.#random = random;
    const { queue } = place;
    const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
    const handlers = [mixed.handler(runMixed), follower.handler(() => undefined)];
    this.#workers = [
      createWorker(queue, { handlers, concurrency: 8, prefetch: 50, logger }),
      createWorker(queue, {
        handlers: fromModule(HANDLERS, [threaded]),
        isolate: "thread",
        concurrency: 2,
        prefetch: 10,
        initRetry: 20,
        logger,
      }),
    ];
    for (const worker of this.#workers) {
      worker.on("start", () => void (this.#run += 1));
      void worker.run();
    }
  }

  /** Attempts that began. */
  get run(): number {
    return this.#run;
  }

  /** Jobs of all kinds; those that wait for their time are not waited for. */
  async round(): Promise<void> {
    const { queue } = this.#place;
    const random = this.#random;
    const jobs = Array.from({ length: ROUND_JOBS }, (_, at) => ({ at, act: this.#act() }));
    const heard = this.#workers.map((worker) => worker.on("success", () => undefined));
    const told = this.#workers[0]?.events("failure");
    const sent = await this.#enqueued(() => queue.enqueueMany(mixed, jobs));
    await this.#enqueued(() =>
      queue.enqueueMany(
        threaded,
        jobs.slice(0, 40).map(({ at }) => at),
      ),
    );
    const given = new AbortController();
    const cancelled = sent.filter((_, at) => jobs[at]?.act === "is cancelled");
    const soon = sent.filter((_, at) => jobs[at]?.act !== "snoozes"); // none is waited for so long
    const called = jobs.filter(({ act }) => act !== "snoozes").slice(0, 40);
    const asked = [
      ...cancelled.map(({ id }) => queue.cancel(id)),
      ...soon.slice(0, 40).map((job) => job.result({ timeout: "5s" })),
      ...called.map((job) => queue.call(mixed, job, { timeout: "5s" })),
      ...soon.slice(40, 80).map((job) => job.result({ signal: given.signal })),
      ...soon.slice(80, 120).map(({ id }) => queue.status(id)),
    ];
    const answered = Promise.allSettled(asked);
    if (random.oneIn(4)) this.#place.cut();
    given.abort();
    await within("all that was asked was answered", ROUND_MS, answered);
    await this.#until("few jobs are left", BACKLOG_JOBS);
    await told?.return?.();
    for (const one of heard) one[Symbol.dispose]();
  }

  /** Until no job is left. */
  drained(): Promise<void> {
    return this.#until("no job is left", 0);
  }

  async #until(what: string, most: number): Promise<void> {
    const tubes = [mixed, follower, threaded].map(({ tube }) => tube);
    await until(what, async () => {
      const all = await Promise.all(tubes.map((tube) => this.#place.queue.stats(tube)));
      const left = all.map(({ available, scheduled, active }) => available + scheduled + active);
      return left.reduce((sum, one) => sum + one, 0) <= most;
    });
  }

  #act(): Act {
    return this.#random.oneIn(2) ? "well" : this.#random.pick(ACTS);
  }

  /** Where the connection is cut nobody knows of some: what is there is run. */
  async #enqueued<Jobs extends readonly unknown[]>(send: () => Promise<Jobs>): Promise<Jobs | []> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof Error && "code" in error) return [];
      throw error;
    }
  }

  async end(): Promise<void> {
    const ended = Promise.all(this.#workers.map((worker) => worker.stop({ grace: "5s" })));
    await within("all workers have stopped", ROUND_MS, ended);
  }
}

/** Megabytes that are really in use. */
function heapMebi(): number {
  collect();
  return process.memoryUsage().heapUsed / MEBI;
}

/** Goes on for its time; returns how many attempts there were, and how much the heap grew. */
async function soak(place: Place): Promise<{ readonly run: number; readonly grewMebi: number }> {
  const soaking = new Soak(place, new Random(SEED));
  const millis = (SECONDS / PLACES) * 1000;
  const start = performance.now();
  const roundsUntil = async (end: number): Promise<void> => {
    do await soaking.round();
    while (performance.now() < end);
  };
  await roundsUntil(start + millis * WARMING);
  await soaking.drained();
  const before = heapMebi();
  await roundsUntil(start + millis);
  await soaking.drained();
  const grewMebi = heapMebi() - before;
  const { run } = soaking;
  await soaking.end();
  return { run, grewMebi };
}

async function behindProxy(address: Address, scheme: "homemaker" | "redis"): Promise<Place> {
  const proxy = await CuttingProxy.start(() => address);
  const queue = await openQueue(`${scheme}://127.0.0.1:${proxy.port}`);
  onTestFinished(async () => {
    await queue.close();
    proxy.close();
  });
  return { queue, cut: () => proxy.cut() };
}

const OPENED: Readonly<Record<string, () => Promise<Place>>> = {
  async memory() {
    const bed = await CutQueue.open();
    onTestFinished(() => bed[Symbol.asyncDispose]());
    const random = new Random(SEED);
    return { queue: bed.queue, cut: () => void bed.cut(random) };
  },
  async "a server"() {
    const server = await startHomemaker({ threads: 1 });
    onTestFinished(() => server.stop());
    return behindProxy(server.address, "homemaker");
  },
  async redis() {
    const directory = mkdtempSync(join(tmpdir(), "homemaker-soak-"));
    const server = await startRedis(directory);
    onTestFinished(async () => {
      await server.stop();
      rmSync(directory, { recursive: true });
    });
    return behindProxy({ path: redisPath(directory) }, "redis");
  },
};

test.each(Object.entries(OPENED))(
  "a worker's process keeps nothing of the jobs that it has run, in %s",
  (name, open) =>
    replayable(SEED, FILE, async () => {
      const { run, grewMebi } = await soak(await open());
      console.log(`${name}: ${run} attempts, the heap grew by ${grewMebi.toFixed(1)} MiB`);
      expect(run).toBeGreaterThan(1000);
      expect(grewMebi).toBeLessThan(GROWTH_MEBI);
    }),
  SECONDS * 1000 + 120_000,
);

const nothing = (): void => undefined;
