/*
 * Jobs whose handlers hold up the event loop for longer than their leases last: they are kept, on
 * an engine in the process and on a server; without that they are lost.
 */
import { expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/entries/client.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { JobQueue, WorkerOptions } from "../../src/entries/queue.ts";
import { Stamps, Vouching } from "../../src/worker/vouching.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const TEST_MS = 120_000;
const word = new Int32Array(new SharedArrayBuffer(4));

/** Stands still, as a computation does, and leaves the processor to others. */
function block(millis: number): void {
  Atomics.wait(word, 0, 0, millis);
}

/** What a worker tells of a job that blocks for so long, and when it is over. */
async function told(
  queue: JobQueue,
  { leaseMillis, blockMillis }: { readonly leaseMillis: number; readonly blockMillis: number },
  options: Partial<WorkerOptions<undefined>> = {},
  ready: () => boolean | Promise<boolean> = () => true,
): Promise<readonly string[]> {
  const job = defineJob("job", { payload: unchecked<number>(), lease: leaseMillis });
  const lines: string[] = [];
  await using worker = createWorker(queue, {
    concurrency: 2,
    handlers: [
      job.handler((millis, { job: { attempt } }) => {
        if (attempt === 1) block(millis);
      }),
    ],
    ...options,
  });
  for (const name of ["success", "failure", "leaseLost"] as const) {
    worker.on(name, ({ attempt }) => lines.push(`${name} ${attempt}`));
  }
  void worker.run();
  await until("all is ready", ready);
  await queue.enqueueMany(job, [blockMillis, 0]); // the second is held meanwhile
  await until("both are done", () => lines.filter((line) => /success/.test(line)).length === 2);
  return lines;
}

const LONG = { leaseMillis: 1000, blockMillis: 2500 };

test("an engine in the process keeps them", { timeout: TEST_MS }, async () => {
  await using queue = await openQueue({ memory: true });
  expect(await told(queue, LONG)).toEqual(["success 1", "success 1"]);
});

test("without that, they are lost", { timeout: TEST_MS }, async () => {
  await using queue = await openQueue({ memory: true });
  expect(await told(queue, LONG, { maxBlock: 0 })).toContain("leaseLost 1");
});

test("a server keeps them", { timeout: TEST_MS }, async () => {
  const server = await LastingServer.start();
  await using queue = await openQueue(server.url);
  // That of the queue, the consumer and the helper.
  const ready = async (): Promise<boolean> => (await connections(server.address)) >= 3;
  const times = { leaseMillis: 6000, blockMillis: 9000 };
  expect(await told(queue, times, {}, ready)).toEqual(["success 1", "success 1"]);
});

/** The connections of a server but the one that asks. */
async function connections(address: string): Promise<number> {
  await using client = await connect(address);
  const { "current-connections": count } = await client.stats();
  return Number(count) - 1;
}

test("a consumer tells its token for each connection", async () => {
  const server = await LastingServer.start();
  await using queue = await openQueue(server.url);
  const tokens = new Set<string>();
  await using consumer = queue.backend.consume(["job"], {
    window: 1,
    take: () => undefined,
    session: ({ place, token }) => {
      expect(place?.addresses).toEqual([server.address]);
      tokens.add(token);
    },
  });
  await until("it has a token", () => tokens.size === 1);
  server.kill();
  await server.again();
  await until("it has another one", () => tokens.size === 2);
  await consumer.stop();
});

/**
 * A helper and its worker, on clocks of their own; the worker's stands still when it is held up.
 */
class Pair {
  readonly clock = new VirtualClock(0);
  readonly #own = new VirtualClock(0);
  readonly vouched: string[] = [];
  allowedMillis = 60_000;
  isHeldUp = false;
  readonly #stamps: Stamps;

  constructor() {
    const client = {
      vouch: (token: string, seconds: number) => {
        this.vouched.push(`${token} ${seconds}`);
        return Promise.resolve(1);
      },
      close: () => Promise.resolve(),
    };
    this.#stamps = new Stamps({
      clock: this.#own,
      leaseMillis: 8000,
      allowedMillis: () => this.allowedMillis,
      start: (seed) => {
        const vouching = new Vouching(seed, this.clock, () =>
          Promise.resolve(client as unknown as Client),
        );
        return {
          post: (message) => {
            if (message.kind === "ticket") vouching.ticket(message.ticket);
          },
          stop: () => vouching.stop(),
        };
      },
    });
    this.ticket("token");
  }

  ticket(token: string): void {
    this.#stamps.ticket({ place: { addresses: ["there"] }, token });
  }

  /** How often it was vouched in so many seconds. */
  async pass(seconds: number): Promise<number> {
    const before = this.vouched.length;
    for (let tenths = 0; tenths < seconds * 10; tenths++) {
      if (!this.isHeldUp) this.#own.advance(0.1);
      this.clock.advance(0.1);
      await Promise.resolve();
    }
    return this.vouched.length - before;
  }

  changed(): void {
    this.#stamps.changed();
  }

  stop(): Promise<void> {
    return this.#stamps.stop();
  }
}

test("it is vouched while the loop is held up, and for no longer than is allowed", async () => {
  const pair = new Pair();
  expect(await pair.pass(30)).toBe(0); // all is well
  pair.isHeldUp = true;
  expect(await pair.pass(30)).toBeGreaterThanOrEqual(10);
  expect(new Set(pair.vouched)).toEqual(new Set(["token 8"]));
  await pair.pass(31);
  expect(await pair.pass(30)).toBe(0); // it was held up for more than a minute
  pair.isHeldUp = false;
  expect(await pair.pass(30)).toBe(0);
  pair.allowedMillis = 5000; // as a handler begins that has so long
  pair.changed();
  pair.isHeldUp = true;
  expect(await pair.pass(60)).toBeLessThanOrEqual(3);
  await pair.stop();
  expect(await pair.pass(60)).toBe(0);
});

test("it is vouched with the newest token", async () => {
  const pair = new Pair();
  await pair.pass(1);
  pair.ticket("another");
  pair.isHeldUp = true;
  await pair.pass(10);
  expect(new Set(pair.vouched)).toEqual(new Set(["another 8"]));
  await pair.stop();
});
