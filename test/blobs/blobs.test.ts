/*
 * Payloads that are too big for the queue: whoever enqueues and works sees them whole, and nothing
 * is left of them when their jobs are gone.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import {
  bury,
  createWorker,
  defineJob,
  Discard,
  abandon,
  openQueue,
  serveJson,
  unchecked,
} from "../../src/entries/queue.ts";
import type { JobQueue, QueueBackend, Worker } from "../../src/entries/queue.ts";
import { BlobBackend } from "../../src/worker/blob-backend.ts";
import { Queue } from "../../src/worker/queue.ts";
import { SYSTEM_CLOCK } from "../../src/client/system-clock.ts";
import { callerAt } from "../json/door-bed.ts";
import { until } from "../support/until.ts";
import { around } from "../worker/around.ts";
import { MemoryBlobs } from "./memory-blobs.ts";

const BIG = "é".repeat(100_000);
const DAY = 86_400_000;
const text = unchecked<string>();
const echo = defineJob("echo", { payload: text, result: unchecked<number>(), onFailure: bury() });
const gone = defineJob("gone", { payload: text, onFailure: abandon() });
const first = defineJob("first", { payload: text });

interface Bed extends AsyncDisposable {
  readonly queue: JobQueue;
  readonly store: MemoryBlobs;
}

async function open(more: { readonly now?: () => number } = {}): Promise<Bed> {
  const store = new MemoryBlobs();
  const queue = await openQueue({ memory: true }, { blobs: { store }, ...more });
  return { queue, store, [Symbol.asyncDispose]: () => queue.close() };
}

function work(queue: JobQueue, fail?: Error): Worker {
  const worker = createWorker(queue, {
    handlers: [
      echo.handler((payload) => {
        if (fail !== undefined) throw fail;
        return payload.length;
      }),
      gone.handler(() => {
        throw new Error("never");
      }),
      first.handler((payload, { enqueueOnSuccess }) => enqueueOnSuccess(echo, payload)),
    ],
  });
  void worker.run();
  onTestFinished(async () => void (await worker.stop({ grace: 0 })));
  return worker;
}

describe("a big payload", () => {
  test("comes whole to its worker, and nothing is left of it", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    const job = await queue.enqueue(echo, BIG);
    expect(store.blobs).toHaveLength(1);
    expect((await queue.status(job.id))?.payload).toBe(BIG);
    for await (const listed of queue.jobs({ tube: "echo" })) {
      expect(listed).toMatchObject({ type: "echo", payload: undefined });
    }
    work(queue);
    expect(await job.result({ timeout: "50s" })).toBe(BIG.length);
    await until("it is removed", () => store.kept.size === 0);
  });

  test("that is small enough lies in no store", async () => {
    await using bed = await open();
    await bed.queue.enqueue(echo, "small");
    expect(bed.store.kept.size).toBe(0);
  });

  test("goes by batches, small ones between big ones", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    const payloads = ["a", BIG, "b", `${BIG}c`];
    const jobs = await queue.enqueueMany(echo, payloads);
    expect(store.blobs).toHaveLength(2);
    work(queue);
    const lengths = await Promise.all(jobs.map((job) => job.result({ timeout: "50s" })));
    expect(lengths).toEqual(payloads.map(({ length }) => length));
    await until("they are removed", () => store.kept.size === 0);
  });

  test("of a job that follows from another one, too", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    const worker = work(queue);
    const done = new Promise<unknown>((resolve) => {
      worker.on("success", ({ type, result }) => {
        if (type === "echo") resolve(result);
      });
    });
    await queue.enqueue(first, BIG);
    expect(await done).toBe(BIG.length);
    await until("all are removed", () => store.kept.size === 0);
  });

  test("stays with a job that is set aside, and goes with one that is cancelled", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    const job = await queue.enqueue(echo, BIG);
    work(queue, new Discard("no"));
    await until("it is set aside", async () => (await queue.status(job.id))?.state === "discarded");
    expect((await queue.status(job.id))?.payload).toBe(BIG);
    expect(store.blobs).toHaveLength(1);
    expect(await queue.cancel(job.id)).toBe("cancelled");
    expect(store.kept.size).toBe(0);
  });

  test("goes with a job that is given up", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    await queue.enqueue(gone, BIG);
    work(queue);
    await until("it is removed", () => store.kept.size === 0);
    expect(await queue.stats()).toMatchObject({ available: 0, discarded: 0 });
  });

  test("is not kept twice for one unique key", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    await queue.enqueue(echo, BIG, { unique: "u" });
    expect(await queue.enqueue(echo, BIG, { unique: "u" })).toMatchObject({
      state: "already-there",
    });
    expect(store.blobs).toHaveLength(1);
  });

  test("is not run by a worker that knows of no store, nor is an attempt counted", async () => {
    const memory = await openQueue({ memory: true });
    await using plain = new Queue(memory.backend);
    const store = new MemoryBlobs();
    const parts = { store, now: Date.now, clock: SYSTEM_CLOCK, logger: undefined };
    const rich = new Queue(new BlobBackend(memory.backend, parts));
    const { id } = await rich.enqueue(echo, BIG);
    const worker = work(plain);
    const why = await new Promise<string>((resolve) => {
      worker.on("handedBack", (event) => resolve(event.why));
    });
    expect(why).toBe("echo: its payload lies in a blob store; here is none");
    expect(await plain.status(id)).toMatchObject({ attempt: 0, failures: [] });
  });

  test("comes through the door as well", async () => {
    await using bed = await open();
    await using door = await serveJson(bed.queue, { port: 0 });
    const caller = await callerAt(door.port);
    const { id } = (await caller.call("insert", { type: "echo", data: BIG })) as { id: string };
    caller.socket.destroy();
    work(bed.queue);
    expect(await bed.queue.result(echo, id, { timeout: "50s" })).toBe(BIG.length);
    await until("it is removed", () => bed.store.kept.size === 0);
  });
});

describe("a store", () => {
  test("that lost a blob, or has another one there, has its job set aside with that error", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    const lost = await queue.enqueue(echo, BIG);
    store.kept.delete(store.blobs[0] ?? "");
    const damaged = await queue.enqueue(echo, BIG);
    store.kept.get(store.blobs[0] ?? "")?.fill(32, 50_000, 50_010);
    work(queue);
    for (const [job, code] of [
      [lost, "MISSING"],
      [damaged, "DAMAGED"],
    ] as const) {
      await until(
        "it is set aside",
        async () => (await queue.status(job.id))?.state === "discarded",
      );
      const status = await queue.status(job.id);
      expect(status?.failures.at(-1)?.error).toMatchObject({ code: `HM_BLOB_${code}` });
    }
  });

  test("that does not answer has enqueuing fail, and jobs wait with no attempt counted", async () => {
    await using bed = await open();
    const { queue, store } = bed;
    const { id } = await queue.enqueue(echo, BIG);
    store.trouble = new Error("no way to the store");
    await expect(queue.enqueue(echo, BIG)).rejects.toThrow("no way to the store");
    await expect(queue.enqueueMany(echo, ["small", BIG])).rejects.toMatchObject({
      outcomes: [{ id: "2" }, { error: store.trouble }],
    });
    work(queue);
    const status = () => queue.backend.status("2");
    await until("the small one is done", async () => (await status()) === undefined);
    store.trouble = undefined;
    await until("it was given back", async () => (await queue.status(id))?.state === "scheduled");
    expect(await queue.status(id)).toMatchObject({ attempt: 0, failures: [] });
  });

  test.each([
    ["refuses", () => Promise.resolve([{ error: new Error("full") }]), 0],
    ["throws", () => Promise.reject(new Error("full")), 0],
    [
      "may or may not have it",
      () => Promise.resolve([{ error: Object.assign(new Error("full"), { code: "HM_LOST" }) }]),
      1,
    ],
  ] as const)(
    "keeps nothing of what the queue %s, unless that is not known",
    async (_, put, left) => {
      const memory = await openQueue({ memory: true });
      const store = new MemoryBlobs();
      const parts = { store, now: Date.now, clock: SYSTEM_CLOCK, logger: undefined };
      await using queue = new Queue(new BlobBackend(around(memory.backend, { put }), parts));
      await expect(queue.enqueue(echo, BIG)).rejects.toThrow("full");
      expect(store.kept.size).toBe(left);
    },
  );
});

test("a logger that fails harms no job whose note the store refuses", async () => {
  const no = (): never => {
    throw new Error("no disk");
  };
  const store = new MemoryBlobs();
  const write = store.write.bind(store);
  store.write = (key, bytes) => (key.endsWith(".job") ? Promise.reject(no) : write(key, bytes));
  const logger = { debug: no, info: no, warn: no, error: no };
  await using queue = await openQueue({ memory: true }, { blobs: { store }, logger });
  const { id } = await queue.enqueue(echo, BIG);
  work(queue);
  expect(await queue.result(echo, id)).toBe(BIG.length);
});

test("a sweep removes what no job has, and nothing else", async () => {
  let now = 1_700_000_000_000;
  const store = new MemoryBlobs();
  const memory = await openQueue({ memory: true });
  const parts = { store, now: () => now, clock: SYSTEM_CLOCK, logger: undefined };
  await using backend = new BlobBackend(memory.backend, parts);
  const queue = new Queue(backend);
  const kept = await queue.enqueue(echo, BIG);
  const over = await queue.enqueue(echo, BIG);
  const [keptKey = "", overKey = ""] = store.blobs;
  await memory.cancel(over.id); // by somebody who knows of no store
  const unnoted = `${now}-${crypto.randomUUID()}`;
  store.kept.set(unnoted, new Uint8Array(1));
  store.kept.set("other", new Uint8Array(1));
  now += DAY - 1;
  expect(await backend.sweep()).toBe(0);
  now += 2;
  expect(await backend.sweep()).toBe(1);
  expect(new Set(store.blobs)).toEqual(new Set([keptKey, unnoted, "other"]));
  expect(store.kept.has(`${overKey}.job`)).toBe(false);
  now += 30 * DAY;
  expect(await backend.sweep()).toBe(1);
  expect(new Set(store.blobs)).toEqual(new Set([keptKey, "other"]));
  expect((await queue.status(kept.id))?.payload).toBe(BIG);
});

test("a queue that is opened so sweeps by itself, until it is closed", async () => {
  const store = new MemoryBlobs();
  const old = `${Date.now() - 40 * DAY}-${crypto.randomUUID()}`;
  store.kept.set(old, new Uint8Array(1));
  const blobs = { store, sweepEveryMillis: 1000 };
  await using queue = await openQueue({ memory: true }, { blobs });
  await until("it has swept", () => store.kept.size === 0);
  await expect(
    openQueue({ memory: true }, { blobs: { ...blobs, sweepEveryMillis: 1 } }),
  ).rejects.toThrow("less than a second");
  await expect(openQueue({ memory: true }, { blobs: { store, aboveBytes: -1 } })).rejects.toThrow(
    "aboveBytes",
  );
  const backend: QueueBackend = queue.backend;
  expect(backend.can.durable).toBe(false);
});
