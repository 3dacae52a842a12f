/*
 * Workers on an engine in this process: what becomes of jobs whose handlers give, throw, take too
 * long or are told to stop.
 */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { UnreachableError } from "../../src/client/errors.ts";
import {
  abandon,
  bury,
  createWorker,
  defineJob,
  Discard,
  exponential,
  JobAbort,
  keepResult,
  moveTo,
  openQueue,
  retry,
  RetryLater,
  Snooze,
  unchecked,
} from "../../src/entries/queue.ts";
import type { FailureMode, HeldJob, Worker } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";
import { around } from "./around.ts";
import { WHERE } from "./bed-places.ts";
import { Gate, heard, WorkerBed } from "./worker-bed.ts";

const at =
  (seconds: number): (() => number) =>
  () =>
    seconds * 1000;
const number = { payload: unchecked<number>() };
const square = defineJob("square", { ...number, result: z.number().max(1000) });
const gated = defineJob("gated", number);

let bed: WorkerBed;
afterEach(() => bed[Symbol.asyncDispose]());

describe.each(WHERE)("%s:", (where) => {
  beforeEach(async () => {
    bed = await WorkerBed.open(where);
  });

  /** Enqueues a job whose handler throws that, and returns what its worker told. */
  async function thrown(
    onFailure: FailureMode | undefined,
    throwing: (attempt: number) => unknown,
  ): Promise<{ readonly id: string; readonly lines: string[]; readonly worker: Worker }> {
    const about = { lease: "1d", ...(onFailure && { onFailure }) } as const;
    const job = defineJob("failing", { ...number, ...about });
    const worker = bed.worker({
      handlers: [
        job.handler((_, { job: { attempt } }) => {
          const error = throwing(attempt);
          if (error !== undefined) throw error;
        }),
      ],
    });
    const lines = heard(worker);
    void worker.run();
    return { ...(await bed.queue.enqueue(job, 1)), lines, worker };
  }

  async function state(id: string): Promise<string | undefined> {
    return (await bed.queue.status(id))?.state;
  }

  describe("a job that is done", () => {
    test("gives its result to who called", async () => {
      const worker = bed.work({ handlers: [square.handler((payload) => payload * payload)] });
      const lines = heard(worker);
      expect(await bed.queue.call(square, 12)).toBe(144);
      expect(lines).toEqual(["start 1", "success 1"]);
    });

    test("tells its success mode when it was enqueued, begun and done", async () => {
      const told: unknown[] = [];
      const mode = { ...keepResult("1h"), done: (success: unknown) => void told.push(success) };
      const job = defineJob("told", { ...number, result: unchecked<string>(), onSuccess: mode });
      bed.work({ handlers: [job.handler(() => "yes")] });
      expect(await bed.queue.call(job, 1)).toBe("yes");
      await until("the mode is told", () => told.length === 1);
      expect(told).toMatchObject([
        { result: "yes", job: { id: "1", type: "told", tube: "told", attempt: 1 } },
      ]);
      bed.clock.advance(3000);
      expect(await bed.queue.result(job, "1")).toBe("yes");
    });

    test("puts those that follow from it, or none of them", async () => {
      const worker = bed.work({
        handlers: [
          gated.handler((payload, context) => {
            context.enqueueOnSuccess(square, payload);
            context.enqueueOnSuccess(square, payload + 1, { delay: "1m" });
            if (context.job.attempt === 1) throw new RetryLater(0);
          }),
        ],
      });
      const lines = heard(worker);
      await bed.queue.enqueue(gated, 5);
      await until("it is done", () => lines.includes("success 1"));
      expect(await bed.queue.stats("square")).toMatchObject({ available: 1, scheduled: 1 });
    });

    test("goes back uncharged, later each time, while those that follow find no room", async () => {
      await using small = await WorkerBed.open(where, { maxTubes: 3 });
      const { queue } = small;
      const inTheWay = await queue.enqueue(defineJob("in-the-way", number), 1);
      const attempts: number[] = [];
      const worker = small.work({
        schedules: false, // they have a tube, too
        handlers: [
          gated.handler((payload, { job, enqueueOnSuccess }) => {
            attempts.push(job.attempt);
            enqueueOnSuccess(square, payload);
          }),
        ],
      });
      const lines = heard(worker);
      const waits: number[] = [];
      worker.on("handedBack", ({ afterMillis }) => waits.push(afterMillis));
      const { id } = await queue.enqueue(gated, 1);
      await small.pass("it came back often", () => waits.length === 3);
      expect(waits.every((wait, index) => wait >= 500 * 2 ** index)).toBe(true);
      expect(await queue.status(id)).toMatchObject({ state: "scheduled", failures: [] });
      await queue.cancel(inTheWay.id);
      await small.pass("it is done", () => lines.includes(`success ${id}`));
      expect(new Set(attempts)).toEqual(new Set([1]));
      expect((await queue.stats("square")).available).toBe(1);
    });

    test("goes back uncharged, if the back end was away when its end was to be told", async () => {
      const { backend } = bed.queue;
      let isAway = true;
      const take = (held: HeldJob): HeldJob => {
        const complete = held.complete.bind(held);
        const value: HeldJob["complete"] = (about) =>
          isAway ? Promise.reject(new UnreachableError("it is away")) : complete(about);
        return Object.defineProperty(held, "complete", { value });
      };
      const away = around(backend, {
        consume: (tubes, options) =>
          backend.consume(tubes, { ...options, take: (held) => options.take(take(held)) }),
      });
      const { clock, now } = bed;
      const queue = await openQueue(away, { now, clock });
      const worker = createWorker(queue, { clock, now, handlers: [square.handler((n) => n * n)] });
      onTestFinished(() => worker.stop().then(() => undefined));
      const lines = heard(worker);
      void worker.run();
      const { id } = await bed.queue.enqueue(square, 3);
      await until("it came back", () => lines.includes(`handedBack ${id}`));
      isAway = false;
      await bed.pass("it is done", () => lines.includes(`success ${id}`));
      expect(lines.filter((line) => line.startsWith("failure"))).toEqual([]);
    });

    test("has failed where more follow than may", async () => {
      const follow = gated.handler((_, { enqueueOnSuccess }) => {
        for (let count = 0; count < 500; count++) enqueueOnSuccess(square, count);
      });
      const lines = heard(bed.work({ handlers: [follow] }));
      const { id } = await bed.queue.enqueue(gated, 1);
      await until("it failed", () => lines.includes(`failure ${id} retry`));
      expect((await bed.queue.status(id))?.failures).toMatchObject([
        { error: { message: "enqueueOnSuccess: at most 499 jobs may follow from one" } },
      ]);
    });

    test("has failed if one that follows is refused for good", async () => {
      const big = defineJob("big", { payload: unchecked<string>() });
      const worker = bed.work({
        handlers: [
          gated.handler((_, context) => context.enqueueOnSuccess(big, "b".repeat(70_000))),
        ],
      });
      const lines = heard(worker);
      const { id } = await bed.queue.enqueue(gated, 1);
      await until("it failed", () => lines.includes("failure 1 retry"));
      expect((await bed.queue.status(id))?.failures).toMatchObject([
        { attempt: 1, error: { code: "HM_JOB_TOO_BIG" } },
      ]);
    });
  });

  describe("a job whose handler throws", () => {
    test("is tried again as long as its failure mode says, then set aside with its errors", async () => {
      const mode = retry({ attempts: 3, backoff: at(10) });
      const { id, lines } = await thrown(mode, (attempt) => {
        return new TypeError(`no paper ${attempt}`, { cause: new Error("tray 2") });
      });
      await bed.pass("it is set aside", () => lines.includes("failure 1 bury"));
      expect(lines.filter((line) => line !== "start 1")).toEqual([
        "failure 1 retry",
        "failure 1 retry",
        "failure 1 bury",
      ]);
      const status = await bed.queue.status(id);
      expect(status).toMatchObject({ state: "discarded", attempt: 3 });
      expect(status?.failures).toMatchObject(
        [1, 2, 3].map((attempt) => ({
          attempt,
          end: attempt === 3 ? "buried" : "released",
          error: {
            name: "TypeError",
            message: `no paper ${attempt}`,
            cause: { message: "tray 2" },
          },
        })),
      );
    });

    test("is set aside after five attempts if nothing else is said", async () => {
      const { lines } = await thrown(undefined, () => new Error("no"));
      await bed.pass("it is set aside", () => lines.includes("failure 1 bury"), 100);
      expect(lines.filter((line) => line === "start 1")).toHaveLength(5);
    });

    test("goes to another tube, with its id and its errors", async () => {
      const { id, lines } = await thrown(moveTo("dead"), () => new Error("no"));
      await until("it is moved", () => lines.includes("failure 1 move"));
      expect(await bed.queue.status(id)).toMatchObject({
        tube: "dead",
        state: "available",
        failures: [{ attempt: 1, end: "moved", error: { message: "no" } }],
      });
    });

    test("is removed", async () => {
      const { id, lines } = await thrown(abandon(), () => new Error("no"));
      await until("it is removed", () => lines.includes("failure 1 abandon"));
      expect(await bed.queue.status(id)).toBeUndefined();
    });

    test("has what its own failure mode says, and that of others if it throws itself", async () => {
      const own: FailureMode = {
        name: "own",
        decide({ attempt, error }) {
          if (attempt === 2) throw new Error("the mode is broken");
          return error instanceof TypeError ? { do: "retry", afterMillis: 0 } : { do: "bury" };
        },
      };
      const { lines } = await thrown(own, (attempt) =>
        attempt < 3 ? new TypeError("no") : new RangeError("no"),
      );
      await bed.pass("it is set aside", () => lines.includes("failure 1 bury"));
      expect(lines.filter((line) => line === "failure 1 retry")).toHaveLength(2);
    });

    test("comes later, and no attempt is counted, if it threw Snooze", async () => {
      let times = 0;
      const { id, lines } = await thrown(retry({ attempts: 1 }), () => {
        return ++times < 4 ? new Snooze("1m") : undefined;
      });
      await until("it is handed back", () => lines.includes("handedBack 1"));
      expect(await bed.queue.status(id)).toMatchObject({ state: "scheduled", failures: [] });
      await bed.pass("it is done", () => lines.includes("success 1"), 10);
      expect(lines.filter((line) => line === "handedBack 1")).toHaveLength(3);
    });

    test("comes when RetryLater says, and the attempt is counted", async () => {
      const { id, lines } = await thrown(bury(), (attempt) =>
        attempt === 1 ? new RetryLater("1h", { cause: new Error("429") }) : undefined,
      );
      await until("it failed", () => lines.includes("failure 1 retry"));
      expect(await bed.queue.status(id)).toMatchObject({
        state: "retryable",
        failures: [{ attempt: 1, error: { code: "HM_RETRY_LATER", cause: { message: "429" } } }],
      });
      bed.clock.advance(3601);
      await until("it is done", () => lines.includes("success 1"));
    });

    test("goes to the end of its failure mode at once if it threw Discard", async () => {
      const { id, lines } = await thrown(
        retry({ attempts: Infinity, atLast: retry({ attempts: 9, atLast: moveTo("dead") }) }),
        () => new Discard("negative"),
      );
      await until("it is moved", () => lines.includes("failure 1 move"));
      expect((await bed.queue.status(id))?.tube).toBe("dead");
    });

    test.each([
      ["its result is not what its schema says", 100, "HM_INVALID_DATA"],
      ["its payload is not", "no number", "HM_INVALID_DATA"],
    ])("or %s", async (_, payload, code) => {
      const job = defineJob("square", {
        payload: z.number(),
        result: z.number().max(1000),
        onFailure: bury(),
      });
      const worker = bed.work({ handlers: [job.handler((value) => value * value)] });
      const lines = heard(worker);
      const loose = defineJob("square", { payload: unchecked<unknown>() });
      const { id } = await bed.queue.enqueue(loose, payload);
      await until("it failed", () => lines.includes("failure 1 bury"));
      expect((await bed.queue.status(id))?.failures).toMatchObject([{ error: { code } }]);
    });
  });

  test("a job that nobody here knows is given back, which is said once of each type", async () => {
    const said: unknown[] = [];
    const warn = (fields: object, text?: string): void => void said.push({ ...fields, text });
    const nothing = (): void => undefined;
    const logger = { debug: nothing, info: nothing, error: nothing, warn };
    const other = defineJob("other", { ...number, tube: gated.tube });
    const worker = bed.work({ handlers: [gated.handler(() => undefined)], logger });
    let count = 0;
    worker.on("handedBack", () => (count += 1));
    const { id } = await bed.queue.enqueue(other, 1);
    await bed.pass("it came twice", () => count === 2);
    const why = "a job is given back: this worker does not know its type";
    expect(said).toEqual([{ job: id, type: "other", tube: gated.tube, text: why }]);
  });

  describe("a job that takes too long", () => {
    const slow = defineJob("slow", { ...number, timeout: "10s", onFailure: bury() });

    test("has its handler told to stop, and has failed", async () => {
      const gate = new Gate();
      const reasons: unknown[] = [];
      const worker = bed.work({
        handlers: [
          slow.handler((_, { signal }) => {
            signal.addEventListener("abort", () => reasons.push(signal.reason));
            return gate.enter(signal);
          }),
        ],
      });
      const lines = heard(worker);
      const { id } = await bed.queue.enqueue(slow, 1);
      await until("it runs", () => gate.inside === 1);
      bed.clock.advance(9);
      expect(reasons).toEqual([]);
      bed.clock.advance(2);
      await until("it failed", () => lines.includes("failure 1 bury"));
      expect(reasons).toMatchObject([{ code: "HM_JOB_ABORT", why: "timed-out" }]);
      expect((await bed.queue.status(id))?.failures).toMatchObject([
        { error: { name: "JobAbort", message: "the attempt took longer than it may" } },
      ]);
    });

    test("has failed, too, if its handler did not mind and returned something soon after", async () => {
      const gate = new Gate();
      const lines = heard(bed.work({ handlers: [slow.handler(() => gate.enter())] }));
      const { id } = await bed.queue.enqueue(slow, 1);
      await until("it runs", () => gate.inside === 1);
      bed.clock.advance(11);
      gate.open();
      await until("it failed", () => lines.includes("failure 1 bury"));
      expect(await bed.queue.status(id)).toMatchObject({
        state: "discarded",
        failures: [{ error: { message: "the attempt took longer than it may" } }],
      });
    });

    test("has failed, and its slot is taken until the handler ends, if that does not stop", async () => {
      const gate = new Gate();
      const worker = bed.work({
        concurrency: 1,
        prefetch: 1,
        handlers: [slow.handler(() => gate.enter())],
      });
      const lines = heard(worker);
      await bed.queue.enqueueMany(slow, [1, 2]);
      await until("one runs", () => gate.inside === 1);
      await bed.pass("it failed", () => lines.includes("failure 1 bury"), 5);
      expect(worker.status()).toMatchObject({ slots: 0, busy: [] });
      expect(lines).not.toContain("start 2");
      gate.open();
      await until("the other one runs", () => lines.includes("start 2"));
    });

    test("keeps its lease for as long as it runs", async () => {
      const gate = new Gate();
      const leased = defineJob("leased", { ...number, lease: "3s" });
      const worker = bed.work({
        concurrency: 1,
        prefetch: 1,
        handlers: [leased.handler(() => gate.enter())],
      });
      const lines = heard(worker);
      await bed.queue.enqueueMany(leased, [1, 2]);
      await until("one runs", () => gate.inside === 1);
      for (let second = 0; second < 30; second++) {
        bed.clock.advance(1);
        await bed.queue.stats(); // what was sent before this has been answered
      }
      expect((await bed.queue.stats("leased")).active).toBe(2);
      gate.open();
      await until("the other one runs", () => gate.inside === 1);
      gate.open();
      await until("both are done", () => lines.includes("success 2"));
      expect(lines).toEqual(["start 1", "start 2", "success 1", "success 2"]);
    });
  });

  describe("a job that is cancelled while it runs", () => {
    test("has its handler told to stop, and is gone", async () => {
      const gate = new Gate();
      const why: unknown[] = [];
      const worker = bed.work({
        handlers: [
          gated.handler(async (_, { signal }) => {
            try {
              await gate.enter(signal);
            } catch (error) {
              why.push(error instanceof JobAbort ? error.why : error);
              throw new Error("it minds", { cause: error });
            }
          }),
        ],
      });
      const lines = heard(worker);
      const { id } = await bed.queue.enqueue(gated, 1);
      const result = bed.queue.result(gated, id);
      await until("it runs", () => gate.inside === 1);
      expect(await bed.queue.cancel(id)).toBe("signalled");
      await expect(result).rejects.toMatchObject({ code: "HM_CANCELLED" });
      await until("its worker says so", () => lines.includes("cancelled 1"));
      expect(why).toEqual(["cancelled"]);
      expect(await state(id)).toBeUndefined();
    });
  });

  describe("a worker that stops", () => {
    test("gives back what has not begun, and waits for what runs", async () => {
      const gate = new Gate();
      const worker = bed.work({
        concurrency: 2,
        prefetch: 3,
        handlers: [gated.handler(() => gate.enter())],
      });
      const running = worker.run();
      await bed.queue.enqueueMany(gated, [1, 2, 3, 4, 5, 6]);
      await until("two run, three wait", async () => {
        return gate.inside === 2 && (await bed.queue.stats("gated")).active === 5;
      });
      const stopping = worker.stop();
      await until("three are back", async () => (await bed.queue.stats("gated")).available === 4);
      gate.open();
      expect(await stopping).toEqual({ finished: 2, handedBack: 3, abandoned: 0 });
      await running;
      for await (const job of bed.queue.jobs({ tube: "gated" })) {
        expect(job).toMatchObject({ state: "available", failures: [] });
      }
      expect(await bed.queue.stats("gated")).toMatchObject({ available: 4, active: 0, workers: 0 });
    });

    test("tells handlers to stop when its grace is over, and gives their jobs back uncharged", async () => {
      const gate = new Gate();
      const worker = bed.work({
        handlers: [gated.handler((_, { signal }) => gate.enter(signal))],
      });
      const { id } = await bed.queue.enqueue(gated, 1);
      await until("it runs", () => gate.inside === 1);
      const stopping = worker.stop({ grace: "30s" });
      bed.clock.advance(29);
      expect(gate.inside).toBe(1);
      bed.clock.advance(1);
      expect(await stopping).toEqual({ finished: 0, handedBack: 1, abandoned: 0 });
      expect(await bed.queue.status(id)).toMatchObject({ state: "available", failures: [] });
      const attempts: number[] = [];
      bed.work({ handlers: [gated.handler((_, { job }) => void attempts.push(job.attempt))] });
      await until("it is run again", () => attempts.length === 1);
      expect(attempts).toEqual([1]);
    });

    test("leaves handlers that do not stop, gives their jobs back and says so; a second stop hurries", async () => {
      const gate = new Gate();
      const worker = bed.work({
        stop: { grace: "1h", abort: "3s" },
        handlers: [gated.handler(() => gate.enter())],
      });
      const { id } = await bed.queue.enqueue(gated, 1);
      await until("it runs", () => gate.inside === 1);
      void worker.stop();
      const stopping = worker.stop({ grace: 0 });
      await bed.pass("it has stopped", async () => (await state(id)) === "available", 1);
      expect(await stopping).toEqual({ finished: 0, handedBack: 0, abandoned: 1 });
      gate.open();
      expect(worker.status()).toMatchObject({ slots: 0, busy: [] });
    });

    test("does so when the signal of its run says so, and before it ran", async () => {
      const handlers = [gated.handler(() => undefined)];
      const stopping = new AbortController();
      const running = bed.worker({ handlers }).run({ signal: stopping.signal });
      stopping.abort();
      await running;
      await bed.worker({ handlers }).run({ signal: stopping.signal });
      const idle = bed.worker({ handlers });
      expect(await idle.stop()).toEqual({ finished: 0, handedBack: 0, abandoned: 0 });
      await idle.run();
      expect((await bed.queue.stats()).workers).toBe(0);
    });
  });
});

test("waits double up to their limit, less what chance takes away", async () => {
  bed = await WorkerBed.open("memory");
  const waits = (jitter: "none" | "full" | "equal"): number[] => {
    const backoff = exponential({ base: "1s", max: "10s", jitter, random: () => 0.5 });
    return [1, 2, 3, 4, 5, 4000].map((attempt) => backoff(attempt, undefined));
  };
  expect(waits("none")).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  expect(waits("full")).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
  expect(waits("equal")).toEqual([750, 1500, 3000, 6000, 7500, 7500]);
  expect(() => moveTo("no tube")).toThrow(/^moveTo: "no tube" is no tube; /);
  expect(() => retry({ attempts: 0 })).toThrow(/attempts: 0 is no whole number/);
});
