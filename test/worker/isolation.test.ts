/*
 * Handlers in threads and processes: what goes in and out of them, how they die, are killed and are
 * made anew, and that none is left.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorker, fromModule, JobFailedError, openQueue } from "../../src/entries/queue.ts";
import type { JobQueue, Logger, Worker, WorkerEvents } from "../../src/entries/queue.ts";
import { startChild } from "../../src/runtimes/children.ts";
import type { Isolate, StartChild } from "../../src/worker/isolation.ts";
import { createWorker as createWorkerHere, createWorkerOn } from "../../src/worker/worker.ts";
import { RUNTIME_HERE } from "../support/runtimes.ts";
import { until } from "../support/until.ts";
import * as jobs from "./isolated-jobs.ts";

const MODULE = new URL("isolated-handlers.ts", import.meta.url);
const HANDLERS = fromModule(MODULE, Object.values(jobs));
const TEST_MS = 120_000;

/** Starts threads and processes, and counts them. */
class Census {
  started = 0;
  gone = 0;
  readonly start: StartChild = (isolation, listener) => {
    this.started += 1;
    return startChild(isolation, {
      heard: (message) => listener.heard(message),
      gone: (end) => {
        this.gone += 1;
        listener.gone(end);
      },
    });
  };
}

/** What a worker tells of one job, until that is over. */
function eventsOf<Name extends keyof WorkerEvents>(
  worker: Worker,
  name: Name,
): WorkerEvents[Name][] {
  const events: WorkerEvents[Name][] = [];
  worker.on(name, (event) => events.push(event));
  return events;
}

/** The messages of an error and its causes. */
function chainOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return [`${error.name}: ${error.message}`, ...chainOf(error.cause)];
}

async function failureOf(result: Promise<unknown>): Promise<unknown> {
  try {
    return await result;
  } catch (error) {
    expect(error).toBeInstanceOf(JobFailedError);
    return (error as JobFailedError).cause;
  }
}

describe.each(["thread", "process"] as const)("in a %s", (isolate: Isolate) => {
  const census = new Census();
  const lines: [object, string | undefined][] = [];
  const note = (fields: object, message?: string): void => void lines.push([fields, message]);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  let queue: JobQueue;
  let worker: Worker;

  beforeAll(async () => {
    queue = await openQueue({ memory: true });
    worker = createWorkerOn({ startChild: census.start }, queue, {
      handlers: HANDLERS,
      isolate,
      concurrency: 1,
      heapMegabytes: 60,
      logger,
      stop: { abort: "200ms" },
    });
    void worker.run();
  });
  afterAll(async () => {
    await worker.stop({ grace: 0 });
    await queue.close();
  });

  test("results come back, and from elsewhere", { timeout: TEST_MS }, async () => {
    const { doubled, where } = await queue.call(jobs.double, 21);
    expect(doubled).toBe(42);
    expect(where).not.toBe(`pid ${process.pid}`);
    expect((await queue.call(jobs.double, 1)).where).toBe(where); // it is used again
  });

  test("all of the context works from there", { timeout: TEST_MS }, async () => {
    const [progress, successes] = [eventsOf(worker, "progress"), eventsOf(worker, "success")];
    const { id } = await queue.enqueue(jobs.talker, 7);
    expect(await queue.result(jobs.talker, id)).toBe(`${id} talker talker 1 key-7`);
    expect(progress.map(({ value }) => value)).toEqual([{ at: 1 }, { at: 2 }]);
    const line = lines.find(([, message]) => message === "a line")?.[0];
    expect(line).toMatchObject({ number: 7, error: { message: "logged" } });
    await until("what follows from it is done", () => successes.length > 1);
    expect(successes[1]).toMatchObject({ type: "double", result: { doubled: 16 } });
  });

  test("what handlers post and log harms nothing", { timeout: TEST_MS }, async () => {
    expect(await queue.call(jobs.stray, null)).toBe("done");
    const odd = lines.filter(([, message]) => message === "an odd line").map(([fields]) => fields);
    expect(odd).toEqual([
      null,
      null,
      "a text",
      expect.stringContaining("BigInt"),
      { err: expect.objectContaining({ message: "as fields" }) as unknown },
    ]);
    expect((await queue.call(jobs.double, 1)).doubled).toBe(2);
  });

  test("errors come back with their causes", { timeout: TEST_MS }, async () => {
    const failures = eventsOf(worker, "failure");
    await failureOf(queue.call(jobs.thrower, "error"));
    await until("both were told", () => failures.length > 1);
    expect(failures.map(({ attempt, verdict }) => [attempt, verdict])).toEqual([
      [1, "retry"],
      [2, "bury"],
    ]);
    expect(chainOf(failures[0]?.error)).toEqual([
      "TypeError: cannot send",
      "Error: no connection",
      "Error: refused",
    ]);
  });

  test("what says what becomes of the job is obeyed", { timeout: TEST_MS }, async () => {
    const [failures, back] = [eventsOf(worker, "failure"), eventsOf(worker, "handedBack")];
    const cause = await failureOf(queue.call(jobs.thrower, "discard"));
    expect(chainOf(cause)).toEqual(["Discard: hopeless", "Error: no such customer"]);
    await until("it was told", () => failures.length > 0);
    await queue.enqueue(jobs.thrower, "snooze");
    await queue.enqueue(jobs.thrower, "later");
    await until("both are over", () => back.length > 0 && failures.length > 1);
    expect(back[0]).toMatchObject({ attempt: 1, afterMillis: 3_600_000 });
    expect(failures.map(({ attempt, verdict }) => [attempt, verdict])).toEqual([
      [1, "bury"],
      [1, "retry"],
    ]);
    expect((await queue.stats("thrower")).scheduled).toBe(2);
  });

  const ways = ["exit", "throw", "reject", "memory"] as const;
  const here = ways.filter((how) => how !== "memory" || RUNTIME_HERE === "node");
  test.each(isolate === "process" ? ([...here, "abort"] as const) : here)(
    "one that ends by itself is one failed attempt: %s",
    { timeout: TEST_MS },
    async (how) => {
      const failures = eventsOf(worker, "failure");
      expect(await queue.call(jobs.killer, how)).toBe(2); // at its second attempt
      expect(failures).toHaveLength(1);
      expect(failures[0]?.error).toMatchObject({ code: "HM_HANDLER_DIED" });
      const said = chainOf(failures[0]?.error).join(" <- ");
      expect(said).toMatch(
        {
          exit: /exit code 3$/,
          throw: /<- TypeError: cannot send <- Error: no connection <- Error: refused$/,
          reject: /<- RangeError: nobody caught this$/,
          memory: /ended by itself: its heap grew too large[^]*out of memory/,
          abort:
            RUNTIME_HERE === "node" ? /SIGABRT; it wrote: [^]*JavaScript stack trace/ : /SIGABRT/,
        }[how],
      );
    },
  );

  test.each(["idle", "busy"] as const)(
    "one that goes on after its time-out is killed: %s",
    { timeout: TEST_MS },
    async (how) => {
      const failures = eventsOf(worker, "failure");
      await failureOf(queue.call(jobs.endless, how));
      await until("it was told", () => failures.length > 0);
      expect(failures[0]?.error).toMatchObject({ code: "HM_HANDLER_KILLED", why: "timed-out" });
      expect((await queue.call(jobs.double, 2)).doubled).toBe(4);
    },
  );

  test("one that minds its signal is not killed", { timeout: TEST_MS }, async () => {
    await using own = await openQueue({ memory: true });
    await using patient = createWorker(own, {
      handlers: HANDLERS,
      isolate,
      concurrency: 1,
      stop: { abort: "1m" },
    });
    void patient.run();
    const { where } = await own.call(jobs.double, 1);
    const cause = await failureOf(own.call(jobs.endless, "minds"));
    expect(chainOf(cause)).toEqual(["JobAbort: the attempt took longer than it may"]);
    expect((await own.call(jobs.double, 1)).where).toBe(where);
  });

  test("one whose job is cancelled is killed", { timeout: TEST_MS }, async () => {
    const [begun, cancelled] = [eventsOf(worker, "progress"), eventsOf(worker, "cancelled")];
    const { id } = await queue.enqueue(jobs.long, "idle");
    await until("it has begun", () => begun.length > 0);
    expect(await queue.cancel(id)).toBe("signalled");
    await until("it is over", () => cancelled.length > 0);
    expect(await queue.status(id)).toBeUndefined();
    expect((await queue.call(jobs.double, 3)).doubled).toBe(6);
  });

  test("its state lasts until it is of no use any more", { timeout: TEST_MS }, async () => {
    await queue.call(jobs.counter, "count");
    const used = await queue.call(jobs.counter, "count");
    expect(used).toBeGreaterThan(1);
    await failureOf(queue.call(jobs.counter, "reinitialise"));
    expect(await queue.call(jobs.counter, "count")).toBe(1);
  });

  test(
    "a worker that stops gives back what goes on, and leaves none",
    {
      timeout: TEST_MS,
    },
    async () => {
      const begun = eventsOf(worker, "progress");
      const { id } = await queue.enqueue(jobs.long, "idle");
      await until("it has begun", () => begun.length > 0);
      expect(await worker.stop({ grace: 0 })).toEqual({ finished: 0, handedBack: 1, abandoned: 0 });
      expect(await queue.status(id)).toMatchObject({
        state: "available",
        attempt: 0,
        failures: [],
      });
      expect(census.started).toBeGreaterThan(5);
      expect(census.gone).toBe(census.started);
    },
  );
});

test("a module that cannot be loaded is tried again, not at full speed", async () => {
  await using queue = await openQueue({ memory: true });
  const census = new Census();
  const missing = fromModule(new URL("no-such-module.ts", import.meta.url), [jobs.double]);
  const worker = createWorkerOn({ startChild: census.start }, queue, {
    handlers: missing,
    concurrency: 1,
    initRetry: "300ms",
  });
  const failures = eventsOf(worker, "initFailed");
  const before = performance.now();
  void worker.run();
  await until("it was tried twice", () => failures.length > 1);
  expect(performance.now() - before).toBeGreaterThan(300);
  expect(chainOf(failures[0]?.error).join()).toContain("no-such-module");
  expect(worker.status().slots).toBe(0);
  await worker.stop();
  expect(census.gone).toBe(census.started);
});

test("a module without a handler for each job is refused", async () => {
  await using queue = await openQueue({ memory: true });
  const other = { ...jobs.double, name: "other" };
  await using worker = createWorker(queue, { handlers: fromModule(MODULE, [other]) });
  const failures = eventsOf(worker, "initFailed");
  void worker.run();
  await until("it was tried", () => failures.length > 0);
  expect(failures[0]?.error).toMatchObject({ code: "HM_OPTION" });
  expect(String(failures[0]?.error)).toMatch(/none of its handlers is for other$/);
});

test("what cannot be is refused when the worker is made", async () => {
  await using queue = await openQueue({ memory: true });
  const handlers = [jobs.double.handler((number) => ({ doubled: number, where: "" }))];
  const option = expect.objectContaining({ code: "HM_OPTION" });
  expect(() => createWorker(queue, { handlers, isolate: "thread" })).toThrow(option);
  expect(() => createWorker(queue, { handlers: HANDLERS, init: () => undefined })).toThrow(option);
  expect(() => createWorker(queue, { handlers: HANDLERS, heapMegabytes: 0 })).toThrow(option);
  // Where nothing is known of threads and processes.
  const unsupported = expect.objectContaining({ code: "HM_NOT_SUPPORTED" });
  expect(() => createWorkerHere(queue, { handlers: HANDLERS })).toThrow(unsupported);
});
