/*
 * Exclusive and fair keys in a Redis, under whatever happens to their jobs, by several consumers at
 * a time: no key has more than its limit, all jobs are done, and nothing of keys is left behind.
 *
 * @module-tag redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRedis } from "../../src/redis/redis-target.ts";
import type { HeldJob, QueueBackend, RawJob } from "../../src/worker/backend.ts";
import { Random } from "../support/random.ts";
import { KEEPS_ALL, redisPath, startRedis } from "../support/redis.ts";
import { replayable, seedHere } from "../support/replay.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { Hands, jobOf, textOf } from "./beds.ts";

const TUBES = ["one", "two"] as const;
const LIMITS = { alone: 1, pair: 2 } as const;
const LOCKS = Object.keys(LIMITS) as (keyof typeof LIMITS)[];
const SHARES = ["big", "small"] as const;
const JOBS = 150;
/** What there may be when all jobs are gone: results, counters and names. */
const STAYS = /:(?:result:\d+|ended:\d+|id|hold|tubes|fair|consumers:\w+)$/;

/** Jobs with keys, and what becomes of them. */
class World {
  readonly #backend: QueueBackend;
  readonly #random: Random;
  readonly #running = new Map<string, number>();
  readonly #left = new Map<string, keyof typeof LIMITS | undefined>();
  readonly wrong: string[] = [];

  constructor(backend: QueueBackend, random: Random) {
    this.#backend = backend;
    this.#random = random;
  }

  get left(): number {
    return this.#left.size;
  }

  async put(): Promise<void> {
    const jobs = Array.from({ length: JOBS }, (_, index) => this.#job(index));
    for (const outcome of await this.#backend.put(jobs))
      if ("error" in outcome) throw outcome.error;
  }

  #job(index: number): RawJob {
    const random = this.#random;
    const lock = random.oneIn(3) ? undefined : random.pick(LOCKS);
    this.#left.set(String(index), lock);
    return jobOf(String(index), {
      tube: random.pick(TUBES),
      priority: random.pick([1, 2]),
      key: random.oneIn(3) ? undefined : random.pick(SHARES),
      delayMillis: random.oneIn(10) ? 5 : 0,
      ...(lock !== undefined && { exclusive: { key: lock, limit: LIMITS[lock] } }),
    });
  }

  readonly take = async (held: HeldJob): Promise<void> => {
    const text = textOf(held.body) ?? "";
    const lock = this.#left.get(text);
    if (!this.#left.has(text)) this.wrong.push(`${text} came after its end`);
    if (lock !== undefined) this.#count(lock, 1);
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(3)));
    if (lock !== undefined) this.#count(lock, -1);
    await this.#end(held, text);
  };

  #count(lock: keyof typeof LIMITS, more: number): void {
    const running = (this.#running.get(lock) ?? 0) + more;
    this.#running.set(lock, running);
    if (running > LIMITS[lock]) this.wrong.push(`${running} of ${lock} at a time`);
  }

  async #end(held: HeldJob, text: string): Promise<void> {
    const how = this.#random.below(12);
    if (how === 0) return held.handBack();
    if (how === 1) return held.release({ afterMillis: this.#random.below(5) });
    if (how === 2) return held.moveTo(this.#random.pick(TUBES));
    if (how === 3) {
      await held.bury();
      await this.#backend.retry(held.id);
      return;
    }
    this.#left.delete(text);
    if (how === 4) {
      await this.#backend.cancel(held.id);
      return held.release();
    }
    return how === 5 ? held.discard() : held.complete();
  }

  /** Moves one of those that are ready, and takes back another. */
  async disturb(): Promise<void> {
    const ids: string[] = [];
    for await (const { id } of this.#backend.list({
      tube: this.#random.pick(TUBES),
      state: "ready",
    }))
      ids.push(id);
    const [moved = "", cancelled = ""] = [ids.at(-1), ids[1]];
    await this.#backend.move(moved, this.#random.pick(TUBES));
    const seen = await this.#backend.status(cancelled);
    if (seen !== undefined && (await this.#backend.cancel(cancelled)) !== "not-found") {
      this.#left.delete(textOf(seen.body) ?? "");
    }
  }
}

let directory: string;
let redis: ServerProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-redis-keys-"));
  redis = await startRedis(directory, KEEPS_ALL);
});
afterAll(async () => {
  await redis.stop();
  rmSync(directory, { recursive: true });
});

test("no key has more than its limit, and nothing of it is left behind", () => {
  const seed = seedHere();
  return replayable(seed, "test/backends/redis-keys.test.ts", async () => {
    expect(await round(seed)).toEqual({ wrong: [], left: [] });
  });
});

test("a job whose holder is gone frees its key when its lease is over, in other tubes too", async () => {
  await using backend = await openRedis({ redis: { path: redisPath(directory) }, prefix: "gone" });
  const exclusive = { key: "k", limit: 1 };
  await backend.put([jobOf("a", { tube: "one", leaseMillis: 300, exclusive })]);
  const [first, second] = [new Hands(), new Hands()];
  const gone = backend.consume(["one"], { window: 1, take: first.take });
  await first.next();
  await gone.stop(); // it looks no more, and nobody else looks into that tube
  await backend.put([jobOf("b", { tube: "two", exclusive })]);
  await using _ = backend.consume(["two"], { window: 1, take: second.take });
  expect(textOf((await second.next()).body)).toBe("b");
});

test("a consumer that waits hears of a delay that is shorter than its wait", async () => {
  const target = { redis: { path: redisPath(directory) }, prefix: "soon" };
  await using backend = await openRedis(target);
  const listening = new Redis(target.redis);
  const heard: string[] = [];
  listening.on("message", (_channel, tube) => void heard.push(tube));
  await listening.subscribe("{soon}:wake");
  await backend.put([jobOf("a", { tube: "one", delayMillis: 60_000 })]);
  await until("it is told", () => heard.includes("one"));
  listening.disconnect();
});

/** What was wrong meanwhile, and what is left in Redis afterwards. */
async function round(
  seed: number,
): Promise<{ readonly wrong: readonly string[]; readonly left: readonly string[] }> {
  const target = { redis: { path: redisPath(directory) } };
  await using backend = await openRedis(target);
  const world = new World(backend, new Random(seed));
  await world.put();
  const consumers = [1, 2, 5].map((window) => backend.consume(TUBES, { window, take: world.take }));
  for (let times = 0; times < 5; times++) await world.disturb();
  await until("all jobs are done", () => world.left === 0);
  await Promise.all(consumers.map((consumer) => consumer.close()));
  const asking = new Redis(target.redis);
  const left = (await asking.keys("*")).filter((key) => !STAYS.test(key));
  asking.disconnect();
  return { wrong: world.wrong, left };
}
