/* The queue that people hold, on an engine in this process: what is enqueued, and what comes of it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { openQueue as openElsewhere } from "../../src/entries/queue-elsewhere.ts";
import { defineJob, openQueue, serializeError, unchecked } from "../../src/entries/queue.ts";
import type {
  HeldJob,
  JobQueue,
  JobStatus,
  QueueBackend,
  RawJob,
} from "../../src/entries/queue.ts";
import { ClientBackend } from "../../src/worker/client-backend.ts";
import { encodeFailure } from "../../src/worker/serialized-error.ts";
import { Hands } from "../backends/beds.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { around } from "./around.ts";

const START = Date.UTC(2026, 10, 29);
const thumb = defineJob("thumbnail", {
  payload: z.object({ url: z.url() }),
  result: z.object({ bytes: z.number() }),
});
const plain = defineJob("plain", { payload: unchecked<number>() });
const careful = defineJob("careful", {
  payload: z.object({ id: z.number(), who: z.string() }),
  tube: "shared",
  priority: "high",
  delay: "5m",
  lease: "10m",
  expiresAfter: "1h",
  attemptsMax: 3,
  unique: ({ id }) => `id:${id}`,
  key: ({ who }) => who,
  exclusive: ({ who }) => ({ key: who, limit: 2 }),
});

let queue: JobQueue;
let clock: VirtualClock;
let hands: Hands;

beforeEach(async () => {
  clock = new VirtualClock(1_000_000);
  hands = new Hands();
  queue = await openQueue({ memory: true, clock }, { now: () => START });
});
afterEach(() => queue.close());

/** Takes the next job of that tube, by a consumer that takes no other. */
async function taken(tube: string): Promise<HeldJob> {
  const consumer = queue.backend.consume([tube], { window: 1, take: hands.take });
  const held = await hands.next();
  consumer.window(0);
  return held;
}

/** What a back end was given. */
function watched(puts: RawJob[], can: Partial<QueueBackend["can"]> = {}): Promise<JobQueue> {
  const { backend } = queue;
  const own = around(backend, {
    name: "watched",
    can: { ...backend.can, ...can },
    put: (jobs, options) => {
      puts.push(...jobs);
      return backend.put(jobs, options);
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  return openElsewhere(own, { now: () => START });
}

describe("a job is enqueued", () => {
  test("as its definition says", async () => {
    const puts: RawJob[] = [];
    const own = await watched(puts);
    const { id, state } = await own.enqueue(careful, { id: 7, who: "ann@example.org" });
    expect({ id, state }).toEqual({ id: "1", state: "new" });
    expect(puts).toEqual([
      {
        tube: "shared",
        body: expect.any(Uint8Array),
        priority: 512,
        delayMillis: 300_000,
        leaseMillis: 600_000,
        unique: { key: "careful/id$3a7", cooldownMillis: 0 },
        key: "ann$40example.org",
        exclusive: { key: "ann$40example.org", limit: 2 },
        expiresMillis: 3_600_000,
        attemptsMax: 3,
        acknowledge: undefined,
      },
    ]);
    expect(await queue.status(id)).toEqual({
      id: "1",
      type: "careful",
      tube: "shared",
      state: "scheduled",
      attempt: 0,
      priority: 512,
      payload: { id: 7, who: "ann@example.org" },
      enqueuedAt: new Date(START),
      runAt: new Date(START + 300_000),
      isCancelled: false,
      failures: [],
    });
  });

  test("otherwise where that is said", async () => {
    const puts: RawJob[] = [];
    const own = await watched(puts);
    const about = {
      priority: 5,
      runAt: new Date(START + 1500),
      unique: { key: "other", cooldown: "1m" },
      key: "k",
      exclusive: "x",
      expiresAfter: 2000,
    } as const;
    await own.enqueue(careful, { id: 7, who: "ann" }, about);
    await own.enqueue(plain, 1, { runAt: new Date(START - 1) });
    expect(puts).toMatchObject([
      {
        priority: 5,
        delayMillis: 1500,
        unique: { key: "careful/other", cooldownMillis: 60_000 },
        key: "k",
        exclusive: { key: "x", limit: 1 },
        expiresMillis: 2000,
      },
      { delayMillis: 0, priority: 1024 },
    ]);
  });

  test("once for a unique key, which is its type's own", async () => {
    const once = { unique: "k" };
    const first = await queue.enqueue(plain, 1, once);
    const second = await queue.enqueue(plain, 2, once);
    expect(second).toMatchObject({ id: first.id, state: "already-there" });
    const sameTube = defineJob("other", { payload: unchecked<number>(), tube: "plain" });
    expect(await queue.enqueue(sameTube, 1, once)).toMatchObject({ state: "new" });
  });

  test.each([
    [
      "a payload",
      () => queue.enqueue(thumb, { url: "no url" }),
      /^thumbnail: the payload .* url: /,
    ],
    [
      "a delay and a date",
      () => queue.enqueue(plain, 1, { delay: 1, runAt: new Date() }),
      /not both/,
    ],
    ["a date", () => queue.enqueue(plain, 1, { runAt: new Date(NaN) }), "runAt: that is no date"],
    ["a delay", () => queue.enqueue(plain, 1, { delay: "soon" as never }), /^delay: "soon" is no/],
    ["a time-out", () => queue.call(plain, 1, { timeout: -1 }), /^timeout: -1 is no duration/],
    ["a key", () => queue.enqueue(plain, 1, { key: "k".repeat(201) }), /takes 201 bytes/],
    [
      "an option",
      () => queue.enqueue(plain, 1, { attempts: 3 } as object),
      "plain: attempts: no such option",
    ],
    [
      "the definition",
      () => queue.enqueue("plain" as never, 1 as never),
      '"plain" is no definition of a job',
    ],
  ] as const)("not at all if %s is wrong", async (_, enqueue, message) => {
    await expect(enqueue()).rejects.toThrow(message);
    expect(await queue.stats()).toMatchObject({ available: 0, scheduled: 0 });
  });

  test("not where the back end would not keep it as it was asked", async () => {
    const cases = [
      ["unique", { unique: "k" }, "unique keys"],
      ["exclusive", { exclusive: "k" }, "keys of which only so many jobs run"],
      ["fair", { key: "k" }, "a fair share of keys"],
      ["expiry", { expiresAfter: "1m" }, "jobs that expire"],
    ] as const;
    for (const [name, about, what] of cases) {
      const own = await watched([], { [name]: false });
      await expect(own.enqueue(plain, 1, about)).rejects.toMatchObject({
        code: "HM_NOT_SUPPORTED",
        message: `plain: this back end has no ${what}`,
      });
    }
    const slow = await watched([], { delay: "none", results: "none" });
    await expect(slow.enqueue(plain, 1, { delay: 1 })).rejects.toThrow("has no delays");
    await expect(slow.call(plain, 1)).rejects.toThrow("watched: this back end has no results");
    expect(await queue.stats()).toMatchObject({ available: 0, scheduled: 0 });
  });
});

test("a job is enqueued, or many, not if the hook before it throws", async () => {
  const asked: unknown[] = [];
  const beforeEnqueue = async (job: object, payload: unknown): Promise<void> => {
    asked.push([job, payload]);
    if (payload === 13) throw new Error("not that one");
  };
  await using own = await openQueue({ memory: true }, { hooks: { beforeEnqueue } });
  await own.enqueue(plain, 1);
  await expect(own.enqueueMany(plain, [2, 13, 3])).rejects.toThrow("not that one");
  await expect(own.call(plain, 13)).rejects.toThrow("not that one");
  const job = { type: "plain", tube: "plain" };
  expect(asked).toEqual([1, 2, 13, 13].map((payload) => [job, payload]));
  expect(await own.stats("plain")).toMatchObject({ available: 1 });
});

describe("many jobs are enqueued", () => {
  test("in their order, thousands too", async () => {
    const numbers = Array.from({ length: 2500 }, (_, index) => index);
    const jobs = await queue.enqueueMany(plain, numbers);
    expect(jobs.map(({ id }) => Number(id))).toEqual(numbers.map((number) => number + 1));
    expect((await queue.stats("plain")).available).toBe(2500);
  });

  test("all or none of them if a payload is wrong", async () => {
    const payloads = [{ url: "https://example.org" }, { url: "no" }];
    await expect(queue.enqueueMany(thumb, payloads)).rejects.toMatchObject({
      code: "HM_INVALID_DATA",
    });
    expect((await queue.stats()).available).toBe(0);
  });

  test("as far as the back end takes them, and it is said which it did not", async () => {
    const text = defineJob("text", { payload: unchecked<string>() });
    const many = queue.enqueueMany(text, ["a", "b".repeat(70_000), "c"]);
    await expect(many).rejects.toMatchObject({
      code: "HM_PARTLY_ENQUEUED",
      message: expect.stringMatching(/^text: 1 of 3 jobs could not be enqueued: put: JOB_TOO_BIG/),
      outcomes: [{ id: "1" }, { error: { code: "HM_JOB_TOO_BIG" } }, { id: expect.any(String) }],
    });
    expect((await queue.stats("text")).available).toBe(2);
  });
});

describe("what comes of a job", () => {
  test("is its result, for whoever called, waits, or asks by its id", async () => {
    const calling = queue.call(thumb, { url: "https://example.org/a.png" });
    const held = await taken("thumbnail");
    await held.complete({ result: await thumb.encodeResult({ bytes: 42 }) });
    expect(await calling).toEqual({ bytes: 42 });
    expect(await queue.result(thumb, held.id)).toEqual({ bytes: 42 });
    expect(await queue.status(held.id)).toMatchObject({ id: held.id, state: "completed" });
  });

  test("is the error that it failed with at last", async () => {
    const job = await queue.enqueue(plain, 1);
    const waiting = job.result();
    const error = Object.assign(new TypeError("no paper"), { code: "E_PAPER" });
    await (await taken("plain")).bury({ failure: encodeFailure(serializeError(error)) });
    const failed = {
      code: "HM_JOB_FAILED",
      message: "job 1 failed and was set aside: no paper",
      end: "buried",
      failure: { name: "TypeError", message: "no paper", code: "E_PAPER" },
      cause: { name: "TypeError", stack: error.stack, code: "E_PAPER" },
    };
    await expect(waiting).rejects.toMatchObject(failed);
    await expect(job.result()).rejects.toMatchObject(failed);
    expect((await queue.status(job.id))?.failures).toMatchObject([
      { attempt: 1, end: "buried", error: { name: "TypeError", code: "E_PAPER" } },
    ]);
  });

  test("is that it was cancelled, or that there is none", async () => {
    const job = await queue.enqueue(plain, 1);
    const waiting = job.result({ timeout: Infinity });
    expect(await queue.cancel(job.id)).toBe("cancelled");
    await expect(waiting).rejects.toMatchObject({ code: "HM_CANCELLED" });
    await expect(job.result()).rejects.toMatchObject({ code: "HM_NOT_FOUND" });
    expect(await queue.status(job.id)).toBeUndefined();
    expect(await queue.progress(job.id)).toBeUndefined();
  });

  test("is not waited for longer than the time-out or the signal says", async () => {
    const job = await queue.enqueue(plain, 1);
    await expect(job.result({ timeout: "5ms" })).rejects.toMatchObject({ code: "HM_TIMEOUT" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(job.result({ signal })).rejects.toThrow("enough");
    await expect(queue.enqueue(plain, 2, { signal })).rejects.toThrow("enough");
    expect((await queue.stats("plain")).available).toBe(1);
  });

  test("that does not look like its schema is an error", async () => {
    const { id } = await queue.enqueue(thumb, { url: "https://example.org" });
    await (await taken("thumbnail")).complete({ result: new TextEncoder().encode('{"b":1}') });
    await expect(queue.result(thumb, id)).rejects.toMatchObject({ code: "HM_INVALID_DATA" });
  });
});

describe("whoever looks", () => {
  async function found(filter: Parameters<JobQueue["jobs"]>[0]): Promise<readonly JobStatus[]> {
    const jobs: JobStatus[] = [];
    for await (const job of queue.jobs(filter)) jobs.push(job);
    return jobs;
  }

  test("finds jobs by state, type and whatever else", async () => {
    await queue.enqueue(plain, 1);
    await queue.enqueue(plain, 2, { delay: "1h" });
    const held = await taken("plain");
    await held.release({ afterMillis: 1000, failure: encodeFailure({ name: "E", message: "m" }) });
    await queue.enqueue(plain, 3);
    await queue.enqueue(defineJob("more", { payload: unchecked<number>(), tube: "plain" }), 4);
    await queue.backend.put([{ ...RAW, body: new TextEncoder().encode("not ours") }]);
    const payloads = async (filter: object): Promise<readonly unknown[]> =>
      (await found({ tube: "plain", ...filter })).map(({ payload }) => payload);
    expect(await payloads({ state: "scheduled" })).toEqual([2]);
    expect(await payloads({ state: "retryable" })).toEqual([1]);
    expect(await payloads({ state: "available", type: "plain" })).toEqual([3]);
    expect(await payloads({ type: "more" })).toEqual([4]);
    expect(await payloads({ where: (job: JobStatus) => job.failures.length > 0 })).toEqual([1]);
    expect(await payloads({ where: ({ type }: JobStatus) => type === undefined })).toEqual([
      new TextEncoder().encode("not ours"),
    ]);
    expect(await found({ tube: "plain" })).toHaveLength(5);
  });

  test("sees how far a job is, as a value or as any other program's text", async () => {
    const { id } = await queue.enqueue(plain, 1);
    const held = await taken("plain");
    await held.progress(new TextEncoder().encode('{"done":4}'));
    expect(await queue.progress(id)).toEqual({ done: 4 });
    await held.progress(new TextEncoder().encode("half of it"));
    expect(await queue.status(id)).toMatchObject({ state: "active", progress: "half of it" });
  });

  test("moves jobs, pauses tubes and counts", async () => {
    const { id } = await queue.enqueue(plain, 1);
    expect(await queue.move(id, "dead")).toBe(true);
    expect(await found({ tube: "dead", state: "available" })).toMatchObject([
      { id, type: "plain" },
    ]);
    await queue.pause("dead");
    queue.backend.consume(["dead"], { window: 1, take: hands.take });
    expect(await queue.stats("dead")).toMatchObject({ available: 1, active: 0 });
    await queue.resume("dead");
    expect((await hands.next()).id).toBe(id);
    expect(queue.can).toMatchObject({ results: "kept", durable: false });
  });

  test("retries one job, or all of a tube that are wanted, and who waits hears of the end", async () => {
    const jobs = await queue.enqueueMany(plain, [1, 2, 3]);
    const ended = queue.result(plain, jobs[0]?.id ?? "", { timeout: Infinity });
    for (const _ of jobs) await (await taken("plain")).bury();
    await expect(ended).rejects.toMatchObject({ code: "HM_JOB_FAILED" });
    const isOdd = ({ payload }: JobStatus): boolean => payload !== 2;
    expect(await queue.retryAll({ tube: "plain", type: "other" })).toBe(0);
    expect(await queue.retryAll({ tube: "plain", type: "plain", where: isOdd })).toBe(2);
    expect(await queue.stats("plain")).toMatchObject({ available: 2, discarded: 1 });
    expect(await queue.retry(jobs[1]?.id ?? "")).toBe(true);
    expect(await queue.retry(jobs[1]?.id ?? "")).toBe(false);
    expect(await queue.stats("plain")).toMatchObject({ available: 3, discarded: 0 });
    const later = queue.result(plain, jobs[0]?.id ?? "", { timeout: Infinity });
    await (await taken("plain")).complete();
    await later;
  });

  test("moves a job as it is, and whoever waits for it hears of its end there", async () => {
    const { id } = await queue.enqueue(plain, 1);
    const ended = queue.result(plain, id, { timeout: Infinity });
    await (await taken("plain")).moveTo("dead");
    await (await taken("dead")).bury();
    await expect(ended).rejects.toMatchObject({ code: "HM_JOB_FAILED" });
    expect(await queue.move(id, "plain")).toBe(true);
    expect(await queue.status(id)).toMatchObject({ state: "discarded", tube: "plain", attempt: 2 });
  });
});

test("a back end that breaks ends its consumers with why", async () => {
  const { backend } = queue;
  if (!(backend instanceof ClientBackend)) throw new TypeError("another back end");
  const consumer = backend.consume(["plain"], { window: 1, take: hands.take });
  backend.fail(new Error("the disk is gone"));
  await expect(consumer.closed).rejects.toThrow("the disk is gone");
  const later = backend.consume(["plain"], { window: 1, take: hands.take });
  await expect(later.closed).rejects.toThrow("the disk is gone");
});

test("a tube that cannot be made gets no job, and no other tube gets it", async () => {
  await using small = await openQueue({ memory: true, maxTubes: 2 });
  const to = (tube: string): Promise<unknown> =>
    small.enqueue(defineJob(tube, { payload: unchecked<number>() }), 1);
  await to("first");
  const outcomes = await Promise.allSettled([to("second"), to("first"), to("third")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  expect(await small.stats("first")).toMatchObject({ available: 2 });
  expect(await small.stats()).toMatchObject({ available: 2 });
});

test("a directory is one queue's at a time", async () => {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-queue-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  await using own = await openQueue({ directory, durability: "os", segmentBytes: 1_048_576 });
  expect(own.can.durable).toBe(true);
  await expect(openQueue({ directory })).rejects.toThrow(
    /another (server|page of this origin) uses it/,
  );
});

test.each([
  ["telemetry", {}],
  ["telemetry", [null]],
  ["telemetry", "none"],
  ["logger", 5],
  ["logger", { info: () => undefined }],
  ["now", 5],
  ["clock", {}],
  ["spool", "dir"],
  ["blobs", 5],
  ["blobs", { stor: {} }],
  ["telemtry", []],
  ["hooks", 5],
  ["hooks", { beforeEnqueue: 5 }],
  ["beforeEnqeue", { beforeEnqeue: () => undefined }],
])(
  "a queue with the option %s of %j is refused, and its directory is free",
  async (name, value) => {
    const directory = mkdtempSync(join(tmpdir(), "homemaker-queue-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const target = { directory, durability: "os", segmentBytes: 1_048_576 } as const;
    await expect(openQueue(target, { [name]: value })).rejects.toMatchObject({
      code: "HM_OPTION",
      message: expect.stringContaining(name),
    });
    await using own = await openQueue(target);
    expect(own.can.durable).toBe(true);
  },
);

test.each([
  [undefined],
  [null],
  [5],
  [{ directory: undefined }],
  [{ directory: null }],
  [{ directory: "" }],
  [{ directory: 5 }],
  [{ memory: false }],
  [{ memory: undefined }],
  [{ memory: true, directory: "d" }],
  [{ memory: true, directory: undefined }],
  [{ redis: undefined }],
  [{ redis: "" }],
  [{ rabbitmq: undefined }],
  [{ spread: 5 }],
  [{ spread: [undefined] }],
  [{ spread: [{ directory: undefined }, { memory: true }] }],
])("%j is no queue", async (target) => {
  await expect(openQueue(target as never)).rejects.toMatchObject({ code: "HM_OPTION" });
});

test("options that are none are refused, and so is an engine where there is none", async () => {
  await expect(openQueue({ memory: true, shards: 3 })).rejects.toMatchObject({ code: "HM_OPTION" });
  await expect(openQueue({} as never)).rejects.toMatchObject({ code: "HM_OPTION" });
  await expect(openQueue({ memory: true }, null as never)).rejects.toMatchObject({
    code: "HM_OPTION",
  });
  await expect(openElsewhere(null as never)).rejects.toMatchObject({ code: "HM_OPTION" });
  await expect(openElsewhere({ memory: true } as never)).rejects.toMatchObject({
    code: "HM_NOT_SUPPORTED",
  });
});

const RAW: RawJob = {
  tube: "plain",
  body: new Uint8Array(0),
  priority: 1024,
  delayMillis: 0,
  leaseMillis: 60_000,
};
