/*
 * Jobs on several servers that know nothing of each other: one that is lost costs only its own.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { LostError, UnreachableError } from "../../src/client/errors.ts";
import { SYSTEM_CLOCK } from "../../src/client/system-clock.ts";
import { openEmbedded } from "../../src/embedded/embedded-backend.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { HeldJob, JobQueue, QueueBackend } from "../../src/entries/queue.ts";
import { LateBackend } from "../../src/worker/late-backend.ts";
import { labelOf, openSpread } from "../../src/worker/open-spread.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { around } from "../worker/around.ts";
import { Hands, jobOf } from "./beds.ts";
import { LastingServer } from "./lasting-server.ts";

const note = defineJob("note", { payload: unchecked<number>(), result: unchecked<number>() });
const once = defineJob("once", { payload: unchecked<string>(), unique: (key) => key });
const alone = defineJob("alone", { payload: unchecked<string>(), exclusive: (key) => key });
const NUMBERS = Array.from({ length: 30 }, (_, at) => at);

/** So many engines in this process, as one. */
async function engines(count: number): Promise<{
  readonly backends: readonly QueueBackend[];
  readonly queue: JobQueue;
}> {
  const backends: QueueBackend[] = [];
  for (let at = 0; at < count; at++) backends.push(await openEmbedded({ memory: true }));
  const queue = await openQueue({ spread: backends });
  onTestFinished(() => queue.close());
  return { backends, queue };
}

async function counts(backends: readonly QueueBackend[], tube: string): Promise<number[]> {
  const all = await Promise.all(backends.map((backend) => backend.stats(tube)));
  return all.map(({ available }) => available);
}

describe("with servers", () => {
  test("one that is killed costs its own jobs until it is back, and no others", async () => {
    const [one, other] = await Promise.all([LastingServer.start(), LastingServer.start()]);
    const urls = [one, other].map(({ path }) => `homemaker+unix:${path}` as const);
    await using queue = await openQueue({ spread: urls });
    const before = await queue.enqueueMany(note, NUMBERS);
    const ofOne = before.filter(({ id }) => id.endsWith(`@${one.path}`));
    expect(ofOne).toHaveLength(15);
    one.kill();
    await until("it is known to be away", async () => {
      // One put, whose answer was lost with it, may have been taken: that is not for others.
      const job = await queue.enqueue(note, 100).catch(() => undefined);
      return job?.id.endsWith(`@${other.path}`) === true;
    });
    for (const number of NUMBERS) {
      const { id } = await queue.enqueue(note, 200 + number);
      expect(id).toMatch(new RegExp(`@${other.path}$`));
    }
    const ran = new Set<number>();
    const worker = createWorker(queue, {
      handlers: [note.handler((number) => (ran.add(number), 1))],
    });
    void worker.run();
    await until("all that the other has are run", () => NUMBERS.every((at) => ran.has(200 + at)));
    const early = NUMBERS.filter((at) => ran.has(at));
    expect(early).toHaveLength(15);
    const [lost] = ofOne;
    const result = lost?.result({ timeout: "60s" }).catch((error: unknown) => error);
    await one.again();
    await until("its own are run too", () => NUMBERS.every((at) => ran.has(at)));
    await until("it is given jobs again", async () => {
      const { id } = await queue.enqueue(note, 300);
      return id.endsWith(`@${one.path}`);
    });
    expect(await result).toBeDefined();
    await worker.stop();
  });

  test("one that is not there when it is opened is waited for", async () => {
    const there = await LastingServer.start();
    const away = await LastingServer.start();
    away.kill();
    const urls = [away, there].map(({ path }) => `homemaker+unix:${path}` as const);
    await using queue = await openQueue({ spread: urls });
    await using worker = createWorker(queue, { handlers: [note.handler((number) => number * 2)] });
    void worker.run();
    expect(await queue.call(note, 4, { timeout: "60s" })).toBe(8);
    await away.again();
    await until("it is given jobs", async () => {
      const job = await queue.enqueue(note, 5);
      return job.id.endsWith(`@${away.path}`) && (await job.result({ timeout: "60s" })) === 10;
    });
  });
});

test("jobs go round, and their ids say where they are", async () => {
  const { backends, queue } = await engines(3);
  const jobs = await queue.enqueueMany(note, NUMBERS);
  expect(await counts(backends, "note")).toEqual([10, 10, 10]);
  expect(jobs.slice(0, 4).map(({ id }) => id)).toEqual(["1@1", "1@2", "1@3", "2@1"]);
  expect(await queue.stats("note")).toMatchObject({ available: 30, scheduled: 0 });
  const listed: unknown[] = [];
  for await (const { payload } of queue.jobs({ tube: "note" })) listed.push(payload);
  expect(listed.toSorted((a, b) => Number(a) - Number(b))).toEqual(NUMBERS);
  expect(await queue.status("1@2")).toMatchObject({ id: "1@2", payload: 1 });
  expect(await queue.cancel("1@2")).toBe("cancelled");
  expect(await queue.move("1@3", "other")).toBe(true);
  for (const id of ["1@2", "1", "1@9", "@"]) expect(await queue.status(id)).toBeUndefined();
  expect(await queue.cancel("1@9")).toBe("not-found");
  expect(await queue.move("1@9", "other")).toBe(false);
  expect(await counts(backends, "note")).toEqual([10, 9, 9]);
});

test("a key is on one server, so it holds over all", async () => {
  const { backends, queue } = await engines(3);
  const keys = Array.from({ length: 60 }, (_, at) => `k${at}`);
  await queue.enqueueMany(once, keys);
  const again = await queue.enqueueMany(once, keys);
  expect(new Set(again.map(({ state }) => state))).toEqual(new Set(["already-there"]));
  const spread = await counts(backends, "once");
  expect(spread.reduce((sum, count) => sum + count, 0)).toBe(60);
  expect(Math.min(...spread)).toBeGreaterThan(5);
  await queue.enqueueMany(alone, ["a", "a", "a"]);
  const sorted = (await counts(backends, "alone")).toSorted((one, other) => one - other);
  expect(sorted).toEqual([0, 0, 3]);
  const both = queue.enqueue(once, "x", { exclusive: "y" });
  await expect(both).rejects.toMatchObject({ code: "HM_NOT_SUPPORTED" });
});

test("what follows from a job and has a key is on the server of that key", async () => {
  const { queue } = await engines(3);
  const keys = Array.from({ length: 10 }, (_, at) => `k${at}`);
  await queue.enqueueMany(once, keys);
  const follow = note.handler((_, { enqueueOnSuccess }) => {
    for (const key of keys) enqueueOnSuccess(once, key);
    enqueueOnSuccess(alone, "free");
    return 1;
  });
  await using worker = createWorker(queue, { handlers: [follow] });
  void worker.run();
  await queue.call(note, 1);
  expect((await queue.stats("once")).available).toBe(10);
  expect((await queue.stats("alone")).available).toBe(1);
});

test("schedules make one run at each moment there, too", async () => {
  const { queue } = await engines(3);
  const every = { every: "1s", job: note, payload: 1, overlap: "allow" } as const;
  await queue.schedules.set("tick", every);
  expect((await queue.schedules.set("tick", every)).state).toBe("unchanged");
  const moments: number[] = [];
  const handler = note.handler((_, { job }) => moments.push(job.schedule?.due.getTime() ?? 0));
  await using worker = createWorker(queue, { handlers: [handler] });
  void worker.run();
  await until("two have passed", () => moments.length >= 2);
  expect(new Set(moments).size).toBe(moments.length);
  expect(await queue.schedules.remove("tick")).toBe(true);
});

test("a tube is paused on all", async () => {
  const { backends, queue } = await engines(2);
  await queue.pause("note");
  const hands = new Hands();
  await using _ = queue.backend.consume(["note", "other"], { window: 9, take: hands.take });
  await queue.enqueueMany(note, [1, 2, 3]);
  await backends[0]?.put([jobOf("go", { tube: "other" })]);
  expect((await hands.next()).tube).toBe("other");
  expect(await queue.stats("note")).toMatchObject({ available: 3, active: 0 });
  await queue.resume("note");
  expect(await hands.done(3)).toHaveLength(3);
});

describe("no more are held than are wanted", () => {
  test.each([1, 2, 5])("of %i, and all are done, wherever they are", async (window) => {
    const { backends, queue } = await engines(3);
    await queue.enqueueMany(note, NUMBERS);
    // One has many more than the others.
    const more = NUMBERS.map((number) => jobOf(String(number), { tube: "note" }));
    await backends[0]?.put(more);
    let held = 0;
    let most = 0;
    let done = 0;
    const take = async (job: HeldJob): Promise<void> => {
      held++;
      most = Math.max(most, held);
      await new Promise((resolve) => setTimeout(resolve, 1));
      held--;
      await job.complete();
      done++;
    };
    await using _ = queue.backend.consume(["note"], { window, take });
    await until("all are done", () => done === 60);
    expect(most).toBeLessThanOrEqual(window);
    expect(await queue.stats("note")).toMatchObject({ available: 0, active: 0 });
  });

  test("nor after the window has changed, or it was stopped", async () => {
    const { queue } = await engines(2);
    const hands = new Hands();
    const consumer = queue.backend.consume(["note"], { window: 0, take: hands.take });
    await queue.enqueueMany(note, [1, 2, 3, 4]);
    expect(await queue.stats("note")).toMatchObject({ available: 4 });
    consumer.window(1);
    const first = await hands.next();
    expect(first.id).toMatch(/^\d@\d$/);
    consumer.window(2);
    const second = await hands.next();
    await until("the rest is back", async () => (await queue.stats("note")).available === 2);
    await first.complete({ result: new Uint8Array(0) });
    const third = await hands.next();
    await third.bury();
    await second.release({ afterMillis: 60_000 });
    const last = await hands.next();
    await last.handBack({ afterMillis: 60_000 });
    await consumer.close();
    expect(await queue.stats("note")).toMatchObject({ scheduled: 2, discarded: 1, active: 0 });
  });
});

test("consumers are closed with it, those that never had a server too", async () => {
  const away = "homemaker+unix:/run/there-is-none.sock" as const;
  const backend = await openEmbedded({ memory: true });
  const queue = await openQueue({ spread: [away, backend] });
  const hands = new Hands();
  const consumer = queue.backend.consume(["note"], { window: 2, take: hands.take });
  const late = new LateBackend({
    name: "late",
    assumed: backend.can,
    open: () => Promise.reject(new UnreachableError("away")),
    clock: SYSTEM_CLOCK,
  });
  const waiting = late.consume(["note"], { window: 1, take: hands.take });
  await queue.enqueue(note, 1);
  await hands.next();
  await queue.close();
  await late.close();
  await Promise.all([consumer.closed, waiting.closed]);
  expect(hands.ready).toEqual([]);
});

describe("what one cannot take", () => {
  test("another one takes, unless it may have been taken", async () => {
    const [good, odd] = [
      await openEmbedded({ memory: true }),
      await openEmbedded({ memory: true }),
    ];
    let error: Error = new UnreachableError("away");
    const put: QueueBackend["put"] = (jobs) => Promise.resolve(jobs.map(() => ({ error })));
    const stats: QueueBackend["stats"] = () => Promise.reject(error);
    await using queue = await openQueue({ spread: [around(odd, { put, stats }), good] });
    for (let count = 0; count < 5; count++) {
      expect((await queue.enqueue(note, count)).id).toBe(`${count + 1}@2`);
    }
    expect((await queue.stats("note")).available).toBe(5);
    error = new LostError("put", undefined);
    const own = await openQueue({ spread: [around(odd, { put, stats })] });
    await expect(own.enqueue(note, 1)).rejects.toMatchObject({ code: "HM_LOST" });
    error = new UnreachableError("away");
    await expect(own.enqueue(note, 1)).rejects.toMatchObject({ code: "HM_UNREACHABLE" });
    await expect(own.stats()).rejects.toMatchObject({ code: "HM_UNREACHABLE" });
    await own.close();
    await expect(own.enqueue(note, 1)).rejects.toMatchObject({ code: "HM_CLOSED" });
  });

  test("all can is what it can", async () => {
    const [one, other] = [
      await openEmbedded({ memory: true }),
      await openEmbedded({ memory: true }),
    ];
    const can = { ...other.can, fair: false, results: "waiting", uncharged: false } as const;
    await using queue = await openQueue({ spread: [one, around(other, { can })] });
    expect(queue.can).toEqual({ ...one.can, fair: false, results: "waiting", uncharged: false });
  });
});

test("what is in this process is waited for, and what is elsewhere for a second", async () => {
  const clock = new VirtualClock();
  const here = Promise.withResolvers<QueueBackend>();
  let opened: QueueBackend | undefined;
  const opening = openSpread(
    [
      { label: "here", isHere: true, open: () => here.promise },
      { label: "elsewhere", open: () => new Promise(() => undefined) },
    ],
    { clock },
  );
  void opening.then((backend) => (opened = backend));
  clock.advance(60);
  await new Promise((resolve) => setImmediate(resolve));
  expect(opened).toBeUndefined();
  here.resolve(await openEmbedded({ memory: true }));
  await until("it is open", () => {
    clock.advance(1);
    return opened !== undefined;
  });
  const backend = await opening;
  expect(await backend.put([jobOf("x", { tube: "a" })])).toEqual([{ id: "1@here", isNew: true }]);
  await backend.close();
});

test("none, two that are the same, and what is no target, are refused", async () => {
  for (const spread of [[], ["homemaker://a", "homemaker://a/"], ["homemaker://"]] as const) {
    await expect(openQueue({ spread })).rejects.toMatchObject({ code: "HM_OPTION" });
  }
});

test.each([
  ["homemaker://10.0.0.7:11300", "10.0.0.7:11300"],
  ["homemaker+unix:/run/hm.sock", "/run/hm.sock"],
  ["redis://user:secret@10.0.0.7/", "10.0.0.7"],
  [{ directory: "./jobs" }, "./jobs"],
  [{ memory: true }, "3"],
  [{ redis: "redis://10.0.0.7:6379", prefix: "shop" }, "10.0.0.7:6379/shop"],
  [{ redis: { host: "10.0.0.7" } }, "3"],
  [{ rabbitmq: "amqp://user:secret@10.0.0.8" }, "10.0.0.8"],
  ["homemaker://hm/x@10.0.0.7", "10.0.0.7"],
  ["redis://:a/secret@10.0.0.7/1", "10.0.0.7/1"],
  ["ws://hm%2Fx@10.0.0.7:11302/", "10.0.0.7:11302"],
])("%j is %s in ids", (target, label) => expect(labelOf(target, 2)).toBe(label));
