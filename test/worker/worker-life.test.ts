/*
 * A worker by itself: what it holds, what it tells, its slots, and what it is refused with.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bury, defineJob, unchecked } from "../../src/entries/queue.ts";
import { ClientBackend } from "../../src/worker/client-backend.ts";
import { until } from "../support/until.ts";
import { Gate, heard, WorkerBed } from "./worker-bed.ts";

const number = { payload: unchecked<number>() };
const gated = defineJob("gated", number);

let bed: WorkerBed;
afterEach(() => bed[Symbol.asyncDispose]());

test.each([0, 1])(
  "a window that grows from %d lets in as many at once as it then says",
  async (first) => {
    bed = await WorkerBed.open("memory");
    const taken: string[] = [];
    const take = ({ id }: { readonly id: string }): void => void taken.push(id);
    await using consumer = bed.queue.backend.consume(["gated"], { window: first, take });
    await until("it is there", async () => (await bed.queue.stats("gated")).workers === 1);
    await bed.queue.enqueueMany(
      gated,
      Array.from({ length: 60 }, (_, index) => index),
    );
    consumer.window(50);
    await until("so many are held", async () => {
      return taken.length === 50 && (await bed.queue.stats("gated")).active === 50;
    });
  },
);

describe("a worker", () => {
  beforeEach(async () => {
    bed = await WorkerBed.open("memory");
  });

  test("holds no job that it cannot run, unless prefetch says so", async () => {
    const gate = new Gate();
    bed.work({ concurrency: 3, handlers: [gated.handler(() => gate.enter())] });
    await bed.queue.enqueueMany(gated, [1, 2, 3, 4, 5]);
    await until("three run", () => gate.inside === 3);
    expect(await bed.queue.stats("gated")).toMatchObject({ available: 2, active: 3 });
    gate.open();
    await until("the others run", () => gate.inside === 2);
    gate.open();
  });

  test("takes nothing while it is suspended, and gives back what waited", async () => {
    const gate = new Gate();
    const worker = bed.worker({
      concurrency: 1,
      prefetch: 2,
      handlers: [gated.handler(() => gate.enter())],
    });
    worker.suspend();
    void worker.run();
    await bed.queue.enqueueMany(gated, [1, 2, 3]);
    expect(worker.status()).toMatchObject({ isSuspended: true, busy: [] });
    worker.resume();
    await until("it holds all", async () => (await bed.queue.stats("gated")).active === 3);
    worker.suspend();
    await until("it holds one", async () => (await bed.queue.stats("gated")).active === 1);
    gate.open();
    await until("it holds none", async () => (await bed.queue.stats("gated")).active === 0);
    expect(await bed.queue.stats("gated")).toMatchObject({ available: 2 });
    worker.resume();
    await until("the second one runs", () => gate.entered === 2);
    gate.open();
    await until("the third one runs", () => gate.entered === 3);
    gate.open();
  });

  test("gives back jobs of a type or a version that it does not know, each time for longer", async () => {
    const worker = bed.work({ handlers: [gated.handler(() => undefined)] });
    const waits: number[] = [];
    const whys = new Set<string>();
    worker.on("handedBack", ({ afterMillis, why }) => {
      waits.push(afterMillis);
      whys.add(why);
    });
    const other = defineJob("other", { ...number, tube: "gated" });
    const { id } = await bed.queue.enqueue(other, 1);
    await bed.pass("it came often", () => waits.length === 4);
    expect(waits.every((wait, time) => wait >= 500 * 2 ** time && wait <= 1000 * 2 ** time)).toBe(
      true,
    );
    expect(await bed.queue.status(id)).toMatchObject({ state: "scheduled", failures: [] });
    const newer = defineJob("gated", { ...number, version: 2 });
    await bed.queue.enqueue(newer, 1);
    await until("that came back, too", () => whys.size === 2);
    expect([...whys]).toEqual([
      "this worker does not know its type",
      "gated: version 2; here it is version 1",
    ]);
  });

  test("that cannot go on says why, and its slots are disposed of", async () => {
    let disposed = 0;
    const worker = bed.worker({
      concurrency: 2,
      init: (stack) => stack.defer(() => void (disposed += 1)),
      handlers: (on) => [on(gated, () => undefined)],
    });
    const running = worker.run();
    await bed.queue.call(gated, 1);
    const { backend } = bed.queue;
    if (!(backend instanceof ClientBackend)) throw new TypeError("another back end");
    backend.fail(new Error("the disk is gone"));
    await expect(running).rejects.toThrow("the disk is gone");
    expect(disposed).toBe(2);
  });

  test("runs its jobs by a dispatcher of one's own, and later if that throws", async () => {
    const errors: unknown[] = [];
    const quiet = (): void => undefined;
    const free = new Set<number>();
    let isBroken = true;
    const worker = bed.work({
      concurrency: 2,
      prefetch: 1,
      handlers: [gated.handler(() => undefined)],
      logger: {
        debug: quiet,
        info: quiet,
        warn: quiet,
        error: (fields) => void errors.push("err" in fields && String(fields.err)),
      },
      dispatch: {
        name: "own",
        open: () => ({
          ready: (slot) => void free.add(slot),
          gone: (slot) => void free.delete(slot),
          pick() {
            if (isBroken) throw new Error("no idea");
            const slot = Math.max(...free);
            free.delete(slot);
            return slot < 0 ? undefined : slot;
          },
        }),
      },
    });
    const lines = heard(worker);
    const { id } = await bed.queue.enqueue(gated, 1);
    await until("it went back", () => lines.includes(`handedBack ${id}`));
    expect(errors).toContain("Error: no idea");
    isBroken = false;
    await bed.pass("it is done", () => lines.includes(`success ${id}`));
  });

  test("is harmed by no listener, hook or success mode that throws", async () => {
    const errors: unknown[] = [];
    const quiet = (): void => undefined;
    const done = (): void => {
      throw new Error("mode");
    };
    const job = defineJob("job", { ...number, onSuccess: { name: "own", done } });
    const worker = bed.work({
      handlers: [job.handler(() => undefined)],
      hooks: {
        after() {
          throw new Error("after");
        },
      },
      logger: {
        debug: quiet,
        info: quiet,
        warn: quiet,
        error: (fields) => void errors.push("err" in fields && fields.err),
      },
    });
    worker.on("success", () => {
      throw new Error("listener");
    });
    const lines = heard(worker);
    await bed.queue.call(job, 1);
    await until("all three are told", () => errors.length === 3);
    expect(errors.map(String)).toEqual(["Error: after", "Error: listener", "Error: mode"]);
    expect(lines).toContain("success 1");
  });

  test("fails an attempt whose hook throws before it", async () => {
    const job = defineJob("job", { ...number, onFailure: bury() });
    const before = (): void => {
      throw new Error("not today");
    };
    const worker = bed.work({ handlers: [job.handler(() => undefined)], hooks: { before } });
    const lines = heard(worker);
    await bed.queue.enqueue(job, 1);
    await until("it failed", () => lines.includes("failure 1 bury"));
  });

  test("says how far its jobs are, the newest note at least", async () => {
    const gate = new Gate();
    const worker = bed.work({
      handlers: [
        gated.handler(async (_, context) => {
          for (let done = 0; done <= 100; done++) context.progress({ done });
          await context.touch();
          await gate.enter();
        }),
      ],
    });
    const { id } = await bed.queue.enqueue(gated, 1);
    await until("it runs", () => gate.inside === 1);
    expect(await bed.queue.progress(id)).toEqual({ done: 0 });
    expect(worker.status().busy).toEqual([{ id, type: "gated", progress: { done: 100 } }]);
    bed.clock.advance(0.6);
    expect(await bed.queue.progress(id)).toEqual({ done: 100 });
    gate.open();
  });

  test("gives each slot a state of its own, makes it again when that fails, and disposes of it", async () => {
    const events: string[] = [];
    let made = 0;
    const worker = bed.work({
      concurrency: 2,
      init(stack) {
        made += 1;
        stack.defer(() => void events.push("disposed"));
        if (made === 1) throw new Error("not yet");
        return { name: `state ${made}` };
      },
      handlers: (on) => [
        on(gated, (_, { state }) => {
          events.push(state.name);
        }),
      ],
    });
    worker.on("initFailed", ({ slot, error }) => events.push(`slot ${slot}: ${String(error)}`));
    await until("one is there", () => worker.status().slots === 1);
    expect(events).toEqual(["disposed", "slot 0: Error: not yet"]);
    bed.clock.advance(4.9);
    expect(worker.status().slots).toBe(1);
    bed.clock.advance(0.2);
    await until("both are there", () => worker.status().slots === 2);
    events.length = 0;
    for (const payload of [1, 2, 3]) await bed.queue.call(gated, payload);
    expect(events).toEqual(["state 2", "state 3", "state 2"]);
    await worker.stop();
    expect(events.slice(3)).toEqual(["disposed", "disposed"]);
  });

  test("asks for no job while no slot has its state", async () => {
    const worker = bed.work({
      prefetch: 5,
      init: () => {
        throw new Error("never");
      },
      handlers: [gated.handler(() => undefined)],
    });
    await bed.queue.enqueue(gated, 1);
    await until("all slots tried", () => bed.clock.timers > 9);
    expect((await bed.queue.stats("gated")).available).toBe(1);
    await worker.stop();
  });

  test.each([
    ["no handler", { handlers: [] }, /has one or more/],
    [
      "two of one name",
      { handlers: [1, 2].map(() => gated.handler(() => undefined)) },
      /same name/,
    ],
    ["a wrong count", { handlers: handlersOf(), concurrency: -1 }, /concurrency: -1 is no whole/],
    ["a wrong range", { handlers: handlersOf(), concurrency: { min: 2, max: 1 } }, /more than max/],
    ["a wrong time", { handlers: handlersOf(), initRetry: -5 }, /^initRetry: -5 is no duration/],
  ])("is refused with %s", (_, options, message) => {
    expect(() => bed.worker(options)).toThrow(message);
  });
});

function handlersOf(): [ReturnType<typeof gated.handler>] {
  return [gated.handler(() => undefined)];
}
