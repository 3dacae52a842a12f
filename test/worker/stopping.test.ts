/*
 * A worker that stops, or cannot begin: nothing begins any more, nothing is left behind, and what
 * its report says is so.
 */
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import type { Consumer, HeldJob } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";
import { Gate, WorkerBed } from "./worker-bed.ts";

const gated = defineJob("gated", { payload: unchecked<number>() });

let bed: WorkerBed;
beforeEach(async () => {
  bed = await WorkerBed.open("memory");
});
afterEach(() => bed[Symbol.asyncDispose]());

/** Has a test change each consumer, and each job that comes to one. */
function altered(change: {
  consumer?(consumer: Consumer): void;
  held?(held: HeldJob): void;
}): void {
  const { backend } = bed.queue;
  const consume = backend.consume.bind(backend);
  backend.consume = (tubes, options) => {
    const take = (held: HeldJob): void | Promise<void> => {
      change.held?.(held);
      return options.take(held);
    };
    const consumer = consume(tubes, { ...options, take });
    change.consumer?.(consumer);
    return consumer;
  };
}

test("begins no job that waited while the back end is told that no more shall come", async () => {
  const told = Promise.withResolvers<void>();
  altered({
    consumer(consumer) {
      const stop = consumer.stop.bind(consumer);
      consumer.stop = () => told.promise.then(stop);
    },
  });
  const gate = new Gate();
  const handlers = [gated.handler(() => gate.enter())] as const;
  const worker = bed.work({ concurrency: 1, prefetch: 1, handlers });
  await bed.queue.enqueueMany(gated, [1, 2]);
  await until("it holds both", async () => (await bed.queue.stats("gated")).active === 2);
  const stopping = worker.stop({ grace: "1h" });
  gate.open();
  await until("the first is done", async () => (await bed.queue.stats("gated")).active === 1);
  told.resolve();
  expect(await stopping).toEqual({ finished: 1, handedBack: 1, abandoned: 0 });
  expect(gate.entered).toBe(1);
});

test("tells a job to stop that begins while a listener stops it", async () => {
  const gate = new Gate();
  const handlers = [gated.handler((_, { signal }) => gate.enter(signal))] as const;
  const worker = bed.worker({ handlers });
  worker.on("start", () => void worker.stop({ grace: 0 }));
  const running = worker.run();
  await bed.queue.enqueue(gated, 1);
  await running;
  expect(await worker.stop()).toEqual({ finished: 0, handedBack: 1, abandoned: 0 });
});

test("counts a job that has run, however long its end takes to be heard", async () => {
  const heard = Promise.withResolvers<void>();
  const ran = new Gate();
  altered({
    held(held) {
      const complete = held.complete.bind(held);
      held.complete = async (completion) => {
        void ran.enter();
        await heard.promise;
        await complete(completion);
      };
    },
  });
  const worker = bed.work({ stop: { abort: "1s" }, handlers: [gated.handler(() => undefined)] });
  await bed.queue.enqueue(gated, 1);
  await until("it has run", () => ran.entered === 1);
  const stopping = worker.stop({ grace: 0 });
  bed.clock.advance(2);
  heard.resolve();
  expect(await stopping).toEqual({ finished: 1, handedBack: 0, abandoned: 0 });
});

test("leaves no timer behind where it cannot begin", async () => {
  const { backend } = bed.queue;
  backend.consume = () => {
    throw new Error("not here");
  };
  const { timers } = bed.clock;
  const concurrency = { min: 1, max: 2 };
  const worker = bed.worker({ concurrency, handlers: [gated.handler(() => undefined)] });
  await expect(worker.run()).rejects.toThrow("not here");
  expect(bed.clock.timers).toBe(timers);
});

test("waits for an init that is under way, and for the end of what that made", async () => {
  const gate = new Gate();
  const events: string[] = [];
  let isToldToStop = false;
  altered({
    consumer(consumer) {
      const close = consumer.close.bind(consumer);
      consumer.close = () => {
        events.push("closes");
        return close();
      };
    },
  });
  const worker = bed.work({
    concurrency: 1,
    async init(stack, signal) {
      signal.addEventListener("abort", () => (isToldToStop = true));
      stack.defer(() => void events.push("disposed"));
      await gate.enter();
    },
    handlers: (on) => [on(gated, () => undefined)],
  });
  await until("it is made", () => gate.inside === 1);
  const stopping = worker.stop();
  await until("it is told to stop", () => isToldToStop);
  gate.open();
  await stopping;
  expect(events).toEqual(["disposed", "closes"]);
});

test("but not for longer than what was told to stop may take", async () => {
  const gate = new Gate();
  const worker = bed.work({
    concurrency: 1,
    stop: { abort: "3s" },
    init: () => gate.enter(),
    handlers: (on) => [on(gated, () => undefined)],
  });
  await until("it is made", () => gate.inside === 1);
  let isStopped = false;
  void worker.stop().then(() => (isStopped = true));
  await bed.pass("it has stopped", () => isStopped);
});

test("does not gather listeners while an init fails again and again", async () => {
  let tries = 0;
  let counted = 0;
  bed.work({
    concurrency: 1,
    init(_, signal) {
      tries += 1;
      counted = getEventListeners(signal, "abort").length;
      throw new Error("not yet");
    },
    handlers: (on) => [on(gated, () => undefined)],
  });
  await bed.pass("it tried often", () => tries > 4);
  expect(counted).toBe(0);
});
