/*
 * homemaker/testing: time that passes when the test says so, workers that run when it does, and
 * what it can look at and assert.
 */
import { setTimeout as real } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorker, defineJob, Discard, Snooze } from "../../src/entries/queue.ts";
import { bury, retry, unchecked } from "../../src/entries/queue.ts";
import type { Worker, WorkerOptions } from "../../src/entries/queue.ts";
import { testQueue } from "../../src/entries/testing.ts";
import type { TestQueue } from "../../src/entries/testing.ts";
import { z } from "zod";

const START = new Date("2026-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;
const number = { payload: unchecked<number>() };
const note = defineJob("note", { ...number, result: unchecked<string>() });
const mail = defineJob("mail", { payload: unchecked<{ to: string; tags?: string[] }>() });
const failing = defineJob("failing", { ...number, onFailure: retry({ attempts: 2 }) });

let queue: TestQueue;
beforeEach(async () => {
  queue = await testQueue({ now: START });
});
afterEach(() => queue.close());

function worker(options: Partial<WorkerOptions<undefined>> = {}): Worker {
  return createWorker(queue, { handlers: [note.handler((n) => `note ${n}`)], ...options });
}

describe("time", () => {
  test("stands still until it is advanced, and all dates are of it", async () => {
    expect(queue.now).toEqual(START);
    const { id } = await queue.enqueue(note, 1, { delay: "1h" });
    await real(20);
    expect(await queue.status(id)).toMatchObject({
      state: "scheduled",
      enqueuedAt: START,
      runAt: new Date(START.getTime() + HOUR_MS),
    });
    await queue.advance("59m");
    expect((await queue.status(id))?.state).toBe("scheduled");
    await queue.advance("1m");
    expect((await queue.status(id))?.state).toBe("available");
    expect(queue.now).toEqual(new Date(START.getTime() + HOUR_MS));
  });

  test("of a worker is that of its queue: what is due is run at its moment", async () => {
    const at: string[] = [];
    const chain = defineJob("chain", number);
    await using running = createWorker(queue, {
      handlers: [
        chain.handler((left, { enqueueOnSuccess }) => {
          at.push(queue.now.toISOString().slice(11, 19));
          if (left > 0) enqueueOnSuccess(chain, left - 1, { delay: "10m" });
        }),
      ],
    });
    void running.run();
    await queue.enqueue(chain, 3, { delay: "5m" });
    await queue.advance("1h");
    expect(at).toEqual(["12:05:00", "12:15:00", "12:25:00", "12:35:00"]);
  });

  test("is that of deadlines, too: a result is waited for in virtual time", async () => {
    const { id } = await queue.enqueue(note, 1);
    let end = "none";
    const waiting = queue
      .result(note, id, { timeout: "1h" })
      .catch((error: unknown) => void (end = String(error)));
    await queue.advance("59m");
    expect(end).toBe("none");
    await queue.advance("2m");
    await waiting;
    expect(end).toContain("TimeoutError");
  });

  test("passes by years as fast as by seconds, while a worker waits", async () => {
    const idle = worker();
    void idle.run();
    const { id } = await queue.enqueue(note, 1, { runAt: new Date("2046-03-01T12:00:00Z") });
    await queue.advance("7305d");
    expect(await queue.result(note, id)).toBe("note 1");
    await idle.stop();
  });

  test("of failed attempts is that of the test", async () => {
    const broken = createWorker(queue, {
      handlers: [
        failing.handler(() => {
          throw new Error("no");
        }),
      ],
    });
    await queue.advance("1d");
    const { id } = await queue.enqueue(failing, 1);
    expect(await queue.drain(broken)).toEqual({ succeeded: 0, failed: 1 });
    const [failure] = (await queue.status(id))?.failures ?? [];
    const offMillis = (failure?.at.getTime() ?? 0) - queue.now.getTime();
    expect(Math.abs(offMillis)).toBeLessThanOrEqual(2000); // the engine has seconds
  });
});

describe("drain", () => {
  test("runs what is ready and what follows, and nothing before or after", async () => {
    const runs: string[] = [];
    const draining = createWorker(queue, {
      handlers: [
        note.handler(async (n, { enqueueOnSuccess }) => {
          runs.push(`note ${n}`);
          await real(5); // it waits for the outside
          if (n > 0) enqueueOnSuccess(note, n - 1);
          return "";
        }),
        mail.handler(({ to }) => void runs.push(`mail ${to}`)),
      ],
    });
    await queue.enqueue(note, 2);
    await queue.enqueue(mail, { to: "ann" }, { delay: "1s" });
    await real(5);
    expect(runs).toEqual([]);
    expect(await queue.drain(draining)).toEqual({ succeeded: 3, failed: 0 });
    expect(runs).toEqual(["note 2", "note 1", "note 0"]);
    await queue.enqueue(note, 0);
    await queue.advance("1m");
    expect(runs).toHaveLength(3);
    expect(await queue.drain(draining)).toEqual({ succeeded: 2, failed: 0 });
    expect(runs.slice(3).toSorted()).toEqual(["mail ann", "note 0"]);
  });

  test("counts attempts that failed; the next one's time comes when the test says so", async () => {
    const attempts: number[] = [];
    const draining = createWorker(queue, {
      handlers: [
        failing.handler((_, { job }) => {
          attempts.push(job.attempt);
          throw new Error("no");
        }),
      ],
    });
    const { id } = await queue.enqueue(failing, 1);
    expect(await queue.drain(draining)).toEqual({ succeeded: 0, failed: 1 });
    expect((await queue.status(id))?.state).toBe("retryable");
    await queue.advance("1h");
    expect(await queue.drain(draining)).toEqual({ succeeded: 0, failed: 1 });
    expect(attempts).toEqual([1, 2]);
    expect((await queue.status(id))?.state).toBe("discarded");
  });

  test("ends where jobs are ready that nobody may run now", async () => {
    await queue.enqueue(note, 1);
    await queue.pause("note");
    const draining = worker();
    expect(await queue.drain(draining)).toEqual({ succeeded: 0, failed: 0 });
    await queue.resume("note");
    expect(await queue.drain(draining)).toEqual({ succeeded: 1, failed: 0 });
  });

  test("waits for a worker that the test runs itself, and leaves it running", async () => {
    const running = worker();
    void running.run();
    await queue.enqueueMany(note, [1, 2, 3]);
    const { succeeded } = await queue.drain(running);
    expect(succeeded).toBeLessThanOrEqual(3); // it may have begun before
    expect(await queue.enqueued(note)).toEqual([]);
    expect(await queue.call(note, 4)).toBe("note 4");
    await running.stop();
  });

  test("waits for the state of slots, and says what init throws", async () => {
    const slow = worker({ init: () => real(20, undefined), concurrency: 2 });
    await queue.enqueue(note, 1);
    expect(await queue.drain(slow)).toEqual({ succeeded: 1, failed: 0 });
    const broken = worker({
      init() {
        throw new RangeError("no database");
      },
    });
    await expect(queue.drain(broken)).rejects.toThrow("no database");
  });

  test("is refused by a worker that has stopped", async () => {
    const stopped = worker();
    await queue.drain(stopped);
    await stopped.stop();
    await expect(queue.drain(stopped)).rejects.toMatchObject({ code: "HM_OPTION" });
  });
});

test("a worker with limits is driven as any other", async () => {
  const limited = worker({
    handlers: [note.handler((n) => `note ${n}`), mail.handler(() => undefined)],
    localLimits: { note: 1 },
    localRate: { mail: { most: 1, per: "1h" } },
  });
  await queue.enqueueMany(note, [1, 2, 3]);
  await queue.enqueueMany(mail, [{ to: "ann" }, { to: "bob" }]);
  expect(await queue.drain(limited)).toEqual({ succeeded: 4, failed: 0 });
  expect(await queue.enqueued(mail)).toHaveLength(1);
  await queue.advance("1h");
  expect(await queue.drain(limited)).toEqual({ succeeded: 1, failed: 0 });
  expect(await queue.runInline(note, 4, limited)).toBe("note 4");
});

describe("runInline", () => {
  test("runs a job as the worker would, and enqueues nothing but what follows", async () => {
    const seen: unknown[] = [];
    const dated = defineJob("dated", {
      payload: z.object({ at: z.coerce.date() }),
      result: unchecked<number>(),
    });
    const inline = createWorker(queue, {
      hooks: { before: ({ job }) => void seen.push(job.type) },
      handlers: [
        dated.handler(({ at }, { job, enqueueOnSuccess }) => {
          seen.push(at, job.attempt);
          enqueueOnSuccess(mail, { to: "ann" });
          return at.getUTCFullYear();
        }),
      ],
    });
    await queue.enqueue(dated, { at: new Date(0) }); // it stays where it is
    expect(await queue.runInline(dated, { at: START }, inline)).toBe(2026);
    expect(seen).toEqual(["dated", START, 1]);
    expect(await queue.enqueued(dated)).toHaveLength(1);
    await queue.assertEnqueued(mail, { to: "ann" });
  });

  test("rejects with what the handler threw, whatever the failure mode made of it", async () => {
    const buried = defineJob("buried", { ...number, onFailure: bury() });
    const inline = createWorker(queue, {
      handlers: [
        buried.handler((n) => {
          if (n === 0) throw new Discard("zero");
          if (n === 1) throw new Snooze("10m");
          throw new RangeError("too much");
        }),
      ],
    });
    await expect(queue.runInline(buried, 0, inline)).rejects.toBeInstanceOf(Discard);
    await expect(queue.runInline(buried, 2, inline)).rejects.toThrow(RangeError);
    await expect(queue.runInline(buried, 1, inline)).rejects.toMatchObject({
      code: "HM_HANDED_BACK",
      afterMillis: 600_000,
    });
    expect(await queue.stats()).toMatchObject({ available: 0, active: 0, discarded: 0 });
  });

  test("refuses a payload that the schema does not take, and a worker that runs", async () => {
    const strict = defineJob("strict", { payload: z.object({ n: z.number() }) });
    const inline = createWorker(queue, { handlers: [strict.handler(() => undefined)] });
    await expect(queue.runInline(strict, { n: NaN }, inline)).rejects.toMatchObject({
      code: "HM_INVALID_DATA",
    });
    void inline.run();
    await expect(queue.runInline(strict, { n: 1 }, inline)).rejects.toMatchObject({
      code: "HM_OPTION",
    });
    await inline.stop();
  });
});

describe("what waits", () => {
  test("is listed with payload, state and time", async () => {
    await queue.enqueue(mail, { to: "ann" }, { priority: 7 });
    await queue.enqueue(mail, { to: "bob" }, { delay: "2m" });
    await queue.enqueue(note, 1);
    expect(await queue.enqueued(mail)).toEqual([
      { id: "1", payload: { to: "ann" }, state: "available", priority: 7 },
      {
        id: "2",
        payload: { to: "bob" },
        state: "scheduled",
        priority: 1024,
        runAt: new Date(START.getTime() + 120_000),
      },
    ]);
  });

  test("can be asserted, by a part of the payload or by a function", async () => {
    await queue.enqueue(mail, { to: "ann", tags: ["a", "b"] });
    expect((await queue.assertEnqueued(mail)).id).toBe("1");
    expect((await queue.assertEnqueued(mail, { to: "ann" })).payload.tags).toEqual(["a", "b"]);
    await queue.assertEnqueued(mail, { tags: ["a", "b"] });
    await queue.assertEnqueued(mail, ({ to }) => to.startsWith("a"));
    await queue.assertNotEnqueued(mail, { tags: ["a"] });
    await queue.assertNotEnqueued(mail, ({ to }) => to === "bob");
    await queue.assertNotEnqueued(note);
    await expect(queue.assertEnqueued(mail, { to: "bob" })).rejects.toThrow(
      'mail: no job with {"to":"bob"}; 1 wait\n  {"to":"ann","tags":["a","b"]}',
    );
    await expect(queue.assertNotEnqueued(mail, { to: "ann" })).rejects.toMatchObject({
      code: "HM_ASSERTION",
    });
    await expect(queue.assertEnqueued(note)).rejects.toThrow("note: no job of this kind; 0 wait");
  });

  test("and no date opens no queue", async () => {
    await expect(testQueue({ now: new Date(NaN) })).rejects.toMatchObject({ code: "HM_OPTION" });
  });
});

describe("a handler", () => {
  const asking = defineJob("asking", { ...number, onFailure: bury() });
  const refused = {
    code: "HM_OPTION",
    message: expect.stringContaining("would wait for the handler"),
  };

  test.each(["drain", "runInline"] as const)(
    "that has its own worker %s is told so",
    async (what) => {
      const asked: unknown[] = [];
      const own: Worker = createWorker(queue, {
        handlers: [
          note.handler((n) => `note ${n}`),
          asking.handler(async () => {
            await real(1); // as if it came from afar
            asked.push(await askedOf(own, what).catch((error: unknown) => error));
          }),
        ],
      });
      await queue.enqueue(asking, 1);
      expect(await queue.drain(own)).toEqual({ succeeded: 1, failed: 0 });
      await queue.runInline(asking, 2, own);
      expect(asked).toEqual([expect.objectContaining(refused), expect.objectContaining(refused)]);
      expect(await queue.drain(own)).toEqual({ succeeded: 0, failed: 0 });
    },
  );

  test("can have another worker run jobs, and the test its own at the same time", async () => {
    const other = createWorker(queue, { handlers: [note.handler((n) => `note ${n}`)] });
    const asked: unknown[] = [];
    const own = createWorker(queue, {
      handlers: [
        asking.handler(async () => {
          await queue.enqueue(note, 1);
          asked.push(await queue.drain(other), await queue.runInline(note, 2, other));
        }),
      ],
    });
    await queue.enqueue(asking, 1);
    const drained = { succeeded: 1, failed: 0 };
    expect(await Promise.all([queue.drain(own), queue.drain(own)])).toEqual([drained, drained]);
    expect(asked).toEqual([drained, "note 2"]);
  });

  function askedOf(own: Worker, what: "drain" | "runInline"): Promise<unknown> {
    return what === "drain" ? queue.drain(own) : queue.runInline(note, 3, own);
  }
});

test("a worker of another queue is neither drained nor given a job", async () => {
  await using other = await testQueue();
  const foreign = createWorker(other, { handlers: [note.handler((n) => `note ${n}`)] });
  const refused = { code: "HM_OPTION", message: "the worker is one of another queue" };
  await expect(queue.drain(foreign)).rejects.toMatchObject(refused);
  await expect(queue.runInline(note, 1, foreign)).rejects.toMatchObject(refused);
  await foreign.stop();
});
