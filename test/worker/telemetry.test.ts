/*
 * Who is told of what is enqueued and run: events that are read, telemetry, the call log, pino.
 * What those throw harms no job.
 */
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callLog, createWorker, defineJob, Discard } from "../../src/entries/queue.ts";
import { retry, Snooze, unchecked } from "../../src/entries/queue.ts";
import type { Telemetry, Worker, WorkerEvents } from "../../src/entries/queue.ts";
import { testQueue } from "../../src/entries/testing.ts";
import type { TestQueue } from "../../src/entries/testing.ts";
import { until } from "../support/until.ts";
import { UNREAD_MAX } from "../../src/worker/event-stream.ts";

const work = defineJob("work", {
  payload: unchecked<string>(),
  onFailure: retry({ attempts: 2, backoff: () => 60_000 }),
});
const next = defineJob("next", { payload: unchecked<number>() });

let queue: TestQueue;
const queues: TestQueue[] = [];
async function open(options: Parameters<typeof testQueue>[0] = {}): Promise<TestQueue> {
  queue = await testQueue(options);
  queues.push(queue);
  return queue;
}
afterEach(async () => {
  for (const opened of queues.splice(0)) await opened.close();
});

function worker(options: Partial<Parameters<typeof createWorker>[1]> = {}): Worker {
  return createWorker(queue, {
    handlers: [
      work.handler((what, { enqueueOnSuccess }) => {
        if (what === "fail") throw new RangeError("no");
        if (what === "discard") throw new Discard("never");
        if (what === "snooze") throw new Snooze("1h");
        enqueueOnSuccess(next, 1);
      }),
    ],
    ...options,
  });
}

describe("events that are read", () => {
  beforeEach(() => open());

  test("come in their order, and end when the worker has stopped", async () => {
    const told = worker();
    const events = told.events("start", "success", "failure", "stopped");
    await queue.enqueueMany(work, ["ok", "fail"]);
    await queue.drain(told);
    await told.stop();
    const read: string[] = [];
    for await (const { name, event } of events) {
      if (name === "stopped") read.push(`${name} ${event.finished}`);
      else read.push(`${name} ${event.id}`);
    }
    expect(read.toSorted()).toEqual(["failure 2", "start 1", "start 2", "stopped 0", "success 1"]);
    expect(read.at(-1)).toBe("stopped 0");
  });

  test("are waited for, and left without a trace", async () => {
    const told = worker();
    const events = told.events("success");
    const first = events.next();
    await queue.enqueue(work, "ok");
    await queue.drain(told);
    expect((await first).value).toMatchObject({ name: "success", event: { id: "1" }, missed: 0 });
    await events.return?.();
    await queue.enqueue(work, "ok");
    await queue.drain(told);
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await told.stop();
    expect(await told.events("start").next()).toEqual({ done: true, value: undefined });
  });

  test("that nobody reads take a bounded room, and whoever reads later hears how many", async () => {
    const told = worker();
    const events = told.events("success");
    const count = UNREAD_MAX + 25;
    await queue.enqueueMany(
      work,
      Array.from({ length: count }, () => "ok"),
    );
    await queue.drain(told);
    const { value } = await events.next();
    expect(value).toMatchObject({ missed: 25 });
    await told.stop();
    let rest = 0;
    for await (const { missed } of events) {
      expect(missed).toBe(0);
      rest += 1;
    }
    expect(rest).toBe(UNREAD_MAX - 1);
  });

  test("and a listener that throws harms neither jobs nor who else listens", async () => {
    const lines: object[] = [];
    const logger = loggerTo(lines);
    const told = worker({ logger });
    const heard: string[] = [];
    const names = ["start", "success", "stopped"] as const satisfies (keyof WorkerEvents)[];
    for (const name of names) {
      told.on(name, () => {
        throw new Error(`from ${name}`);
      });
      told.on(name, () => void heard.push(name));
    }
    await queue.enqueue(work, "ok");
    expect(await queue.drain(told)).toEqual({ succeeded: 1, failed: 0 });
    await told.stop();
    expect(heard).toEqual(["start", "success", "stopped"]);
    expect(lines).toHaveLength(3);
  });
});

function loggerTo(lines: object[]): ReturnType<typeof pino> {
  return pino(
    { level: "debug", base: null },
    { write: (line) => void lines.push(JSON.parse(line)) },
  );
}

/** Writes down all that it is told. */
function recorder(lines: string[], trace?: string): Telemetry {
  return {
    queue: () => void lines.push("queue"),
    worker: ({ name }) => void lines.push(`worker ${name}`),
    enqueuing({ type, tube, count }) {
      lines.push(`enqueuing ${type} ${tube} ${count}`);
      return {
        ...(trace !== undefined && { trace: { traceparent: trace } }),
        enqueued: (ids) => void lines.push(`enqueued ${ids.join(",")}`),
        failed: (error) => void lines.push(`not enqueued: ${String(error)}`),
      };
    },
    attempting({ id, attempt }, { traceparent }) {
      lines.push(`attempting ${id} ${attempt} ${traceparent ?? "-"}`);
      return {
        async run(handler) {
          lines.push("in");
          await handler();
          lines.push("out");
        },
        ended: (outcome, error) => void lines.push(`${outcome} ${String(error)}`),
      };
    },
  };
}

describe("telemetry", () => {
  test("is told of queues, workers, enqueues and attempts; its trace travels with jobs", async () => {
    const lines: string[] = [];
    await open({ telemetry: [recorder(lines, "00-a-b-01")] });
    const told = worker({ name: "painter" });
    await queue.enqueue(work, "ok");
    await queue.drain(told);
    expect(lines).toEqual([
      "queue",
      "worker painter",
      "enqueuing work work 1",
      "enqueued 1",
      "attempting 1 1 00-a-b-01",
      "in",
      "enqueuing next next 1",
      "out",
      "enqueued ",
      "done undefined",
    ]);
  });

  test.each([
    ["fail", "failed RangeError: no"],
    ["discard", "failed Discard: never"],
    ["snooze", "handed-back Snooze: not now, but in 3600000 ms"],
  ])("is told how an attempt ended: %s", async (payload, end) => {
    const lines: string[] = [];
    await open({ telemetry: [recorder(lines)] });
    await queue.enqueue(work, payload);
    await queue.drain(worker());
    expect(lines.at(-1)).toBe(end);
  });

  test("is told of cancelled attempts and of what cannot be enqueued", async () => {
    const lines: string[] = [];
    await open({ telemetry: [recorder(lines)] });
    const cancelled = createWorker(queue, {
      handlers: [
        work.handler(async (_, { job, signal }) => {
          await queue.cancel(job.id);
          await until("it is told", () => signal.aborted);
          signal.throwIfAborted();
        }),
      ],
    });
    await queue.enqueue(work, "ok");
    await queue.drain(cancelled);
    expect(lines.at(-1)).toBe("cancelled JobAbort: the job was cancelled");
    const signal = AbortSignal.abort(new Error("no more"));
    await expect(queue.enqueueMany(work, ["a", "b"], { signal })).rejects.toThrow("no more");
    expect(lines.slice(-2)).toEqual(["enqueuing work work 2", "not enqueued: Error: no more"]);
  });

  const broken = (): never => {
    throw new Error("telemetry is broken");
  };
  test.each([
    ["all of it", { queue: broken, worker: broken, enqueuing: broken, attempting: broken }, 5],
    [
      "what it returned",
      {
        enqueuing: () => ({ enqueued: broken, failed: broken }),
        attempting: () => ({ run: broken, ended: broken }),
      },
      4,
    ],
    ["a promise", { attempting: () => ({ run: async () => broken() }) }, 1],
    ["nothing, and never calls the handler", { attempting: () => ({ run: () => undefined }) }, 0],
    ["nothing, and calls it twice", { attempting: () => ({ run: (go) => void go().then(go) }) }, 0],
  ] satisfies [string, Telemetry, number][])(
    "that throws harms no job: %s",
    async (_, telemetry, errors) => {
      const lines: object[] = [];
      const others: string[] = [];
      await open({ telemetry: [telemetry, recorder(others)], logger: loggerTo(lines) });
      let runs = 0;
      const counted = createWorker(queue, {
        handlers: [
          work.handler((__, { enqueueOnSuccess }) => {
            runs += 1;
            enqueueOnSuccess(next, 1);
          }),
        ],
      });
      await queue.enqueue(work, "ok");
      expect(await queue.drain(counted)).toEqual({ succeeded: 1, failed: 0 });
      expect(runs).toBe(1);
      expect(await queue.enqueued(next)).toHaveLength(1);
      expect(others.at(-1)).toBe("done undefined");
      expect(lines).toHaveLength(errors);
    },
  );
});

describe("logs", () => {
  test("are of pino's shape: errors with their stacks, and the job's fields in its lines", async () => {
    const lines: object[] = [];
    await open({ logger: loggerTo(lines) });
    const logging = createWorker(queue, {
      handlers: [
        work.handler((_, { log }) => {
          log.info({ step: 1 }, "on it");
          throw new RangeError("no", { cause: new Error("the disk") });
        }),
      ],
    });
    await queue.enqueue(work, "x");
    await queue.drain(logging);
    expect(lines).toEqual([
      expect.objectContaining({ msg: "on it", step: 1, job: "1", type: "work", attempt: 1 }),
      expect.objectContaining({
        msg: "an attempt failed",
        verdict: "retry",
        err: expect.objectContaining({
          type: "RangeError",
          stack: expect.stringMatching(/telemetry\.test\.ts[\s\S]*the disk/),
        }),
      }),
    ]);
  });

  test("of calls have a line for each enqueue and each attempt", async () => {
    const lines: object[] = [];
    const log = loggerTo(lines);
    let now = 1_000_000;
    await open({ now: new Date(0), telemetry: [callLog(log, () => now)] });
    const slow = createWorker(queue, {
      handlers: [
        work.handler((what) => {
          now += 30;
          if (what === "fail") throw new RangeError("no");
        }),
      ],
    });
    await queue.enqueue(work, "ok");
    await queue.enqueue(work, "fail");
    await queue.drain(slow);
    expect(lines).toMatchObject([
      { msg: "enqueued", type: "work", tube: "work", count: 1, jobs: ["1"], millis: 0 },
      { msg: "enqueued", jobs: ["2"] },
      { msg: "an attempt ended", job: "1", outcome: "done", attempt: 1, waitedMillis: 1_000_000 },
      { msg: "an attempt ended", job: "2", outcome: "failed", err: { message: "no" } },
    ]);
  });
});

describe("what harms no job", () => {
  const no = (): never => {
    throw new Error("no");
  };
  const later = (): Promise<never> => Promise.reject(new Error("no"));
  const telemetries: Readonly<Record<string, object>> = {
    "all that rejects": { queue: later, worker: later, enqueuing: later, attempting: later },
    "watches that reject": {
      enqueuing: () => ({ enqueued: later }),
      attempting: () => ({ run: later, ended: later }),
    },
    "a trace that cannot be written": { enqueuing: () => ({ trace: { traceparent: 1n } }) },
    "a trace that cannot be read": {
      enqueuing: () => Object.defineProperty({}, "trace", { get: no }),
    },
    "watches that cannot be read": {
      attempting: () => Object.defineProperties({}, { run: { get: no }, ended: { get: no } }),
    },
  };

  test.each(Object.keys(telemetries))("telemetry: %s", async (what) => {
    const lines: object[] = [];
    const telemetry = [telemetries[what] as Telemetry];
    await open({ telemetry, logger: loggerTo(lines) });
    const told = worker();
    await queue.enqueue(work, "ok");
    expect(await queue.drain(told)).toEqual({ succeeded: 1, failed: 0 });
    await told.stop();
    await until("the logger is told", () => lines.length > 0);
  });

  test("a listener that rejects", async () => {
    const lines: object[] = [];
    await open();
    const told = worker({ logger: loggerTo(lines) });
    const hear = (): unknown => later();
    told.on("start", hear);
    told.on("success", hear);
    await queue.enqueue(work, "ok");
    expect(await queue.drain(told)).toEqual({ succeeded: 1, failed: 0 });
    await told.stop();
    await until("the logger is told", () => lines.length === 2);
  });

  test.each([no, later])("a logger that fails: %#", async (fails) => {
    const logger = { debug: fails, info: fails, warn: fails, error: fails, child: no };
    await open({ logger, telemetry: [{ enqueuing: no, attempting: no }] });
    const [ofQueue, own] = [worker(), worker({ logger })];
    for (const told of [ofQueue, own]) {
      told.on("success", no);
      await queue.enqueueMany(work, ["ok", "discard"]);
      expect(await queue.drain(told)).toEqual({ succeeded: 1, failed: 1 });
      await told.stop();
    }
  });
});
